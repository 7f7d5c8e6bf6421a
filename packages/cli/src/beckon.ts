import { createRequire } from "node:module";
import { stripVTControlCharacters } from "node:util";
import type { ServiceKind } from "@beckon/protocol";
import { didYouMean } from "@beckon/protocol/did-you-mean";
import { type CommandDef, defineCommand, parseArgs, renderUsage, type SubCommandsDef } from "citty";
import { EXIT, outcomeOf } from "./failure.ts";
import { UsageError } from "./usage.ts";

const { version: VERSION } = createRequire(import.meta.url)("../package.json") as { version: string };

/** The whole command. Each subcommand's file loads what is heavy only when it runs, so that help is quick. */
const beckon = defineCommand({
  meta: { name: "beckon", version: VERSION, description: "Hand gestures at home: stream, act, train" },
  subCommands: {
    up: () => import("./commands/up.ts").then(({ up }) => up),
    watch: () => import("./commands/watch.ts").then(({ watch }) => watch),
    collect: () => import("./commands/collect.ts").then(({ collect }) => collect),
    config: () => import("./commands/config.ts").then(({ config }) => config),
    broker: () => service("broker", "Run the MQTT broker of the house, and nothing else"),
    "camera-publisher": () => service("camera-publisher", "Publish the frames of this machine's cameras"),
    classifier: () => service("classifier", "Name the gesture in every frame"),
    interpreter: () => service("interpreter", "Make steady gestures and spelled text of the results"),
    relay: () => service("relay", "Switch pins, plugs and webhooks by gestures and words"),
    "metrics-sink": () => service("metrics-sink", "Write results, gestures, relay events and figures to InfluxDB"),
    dashboard: () => service("dashboard", "Serve the page: see it, use a browser as a camera, teach gestures"),
    classify: () => import("./commands/classify.ts").then(({ classify }) => classify),
    evaluate: () => import("./commands/evaluate.ts").then(({ evaluate }) => evaluate),
    "hand-free": () => import("./commands/hand-free.ts").then(({ handFree }) => handFree),
    metrics: () => import("./commands/metrics.ts").then(({ metrics }) => metrics),
    models: () => import("./commands/models.ts").then(({ models }) => models),
    synthesise: () => import("./commands/synthesise.ts").then(({ synthesise }) => synthesise),
    train: () => import("./commands/train.ts").then(({ train }) => train),
    user: () => import("./commands/user.ts").then(({ user }) => user),
  },
});

async function service(kind: ServiceKind, description: string): Promise<CommandDef> {
  const { serviceCommand } = await import("./commands/service.ts");
  return serviceCommand(kind, description);
}

/**
 * Runs `beckon <words>`.
 *
 * @param words what was typed after `beckon`
 * @returns the exit code: 0 done, 1 failed for a reason that was named, 2 typed wrongly, 130 interrupted
 */
export async function runBeckon(words: readonly string[]): Promise<number> {
  try {
    return await dispatch(words);
  } catch (error) {
    const { text, code } = outcomeOf(error);
    if (text !== undefined) process.stderr.write(`${text}\n`);
    return code;
  }
}

async function dispatch(words: readonly string[]): Promise<number> {
  if (words[0] === "--version" || words[0] === "-v") {
    process.stdout.write(`${VERSION}\n`);
    return EXIT.ok;
  }
  const asked = words[0] === "help" ? [...words.slice(1), "--help"] : words;
  const found = await findCommand(asked);
  if (wantsHelp(found.rest)) {
    process.stdout.write(await helpOf(found));
    return EXIT.ok;
  }
  const { command, path, rest } = found;
  if (command.run === undefined) {
    process.stderr.write(await helpOf(found));
    return EXIT.usage;
  }
  try {
    // citty's own reading of the words is passed by: it lets unknown flags through.
    await command.run({ rawArgs: [...rest], args: parseArgs([], {}), cmd: command, data: words });
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`${error.message} (see ${path.join(" ")} --help)`) : error;
  }
  return EXIT.ok;
}

interface Found {
  readonly command: CommandDef;
  readonly parent: CommandDef | undefined;
  /** `["beckon", "models", "import"]` */
  readonly path: readonly string[];
  readonly rest: readonly string[];
}

async function findCommand(words: readonly string[]): Promise<Found> {
  let found: Found = { command: beckon, parent: undefined, path: ["beckon"], rest: words };
  for (;;) {
    const children = await resolved(found.command.subCommands);
    const [word, ...rest] = found.rest;
    if (children === undefined || word === undefined || word === "--help" || word === "-h") return found;
    found = {
      command: await child(children, word, found.path),
      parent: found.command,
      path: [...found.path, word],
      rest,
    };
  }
}

async function child(children: SubCommandsDef, word: string, path: readonly string[]): Promise<CommandDef> {
  const names = Object.keys(children);
  const command = Object.hasOwn(children, word) ? await resolved(children[word]) : undefined;
  if (command !== undefined) return command;
  const what = word.startsWith("-") ? "flag" : "command";
  const hint = didYouMean(word, what === "command" ? names : ["--help", "--version"]);
  throw new UsageError(`unknown ${what} "${word}"${hint || `; ${path.join(" ")} has ${names.join(", ")}`}`);
}

function wantsHelp(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  return words.slice(0, end < 0 ? undefined : end).some((word) => word === "--help" || word === "-h");
}

async function helpOf({ command, parent, path }: Found): Promise<string> {
  // citty shows one parent; ours may be two deep, and the version belongs to the top alone.
  const above = parent && { ...parent, meta: { name: path.slice(0, -1).join(" ") } };
  const text = `${await renderUsage(command, above)}\n${await moreHelp(path)}\n`;
  const tidy = text.replace(/[ \t]+$/gm, "").replace(/\n{3,}/g, "\n\n");
  return process.stdout.isTTY ? tidy : stripVTControlCharacters(tidy).replace(/[ \t]+$/gm, "");
}

/** What a command's help tells beyond its flags. */
async function moreHelp(path: readonly string[]): Promise<string> {
  if (path.join(" ") !== "beckon train") return "";
  const { recipesHelp } = await import("./recipes.ts");
  return `\n${await recipesHelp()}`;
}

async function resolved<T>(value: T | Promise<T> | (() => T) | (() => Promise<T>)): Promise<T> {
  return typeof value === "function" ? (value as () => T | Promise<T>)() : value;
}
