import { defineCommand } from "citty";
import { type CommandInput, command } from "../command.ts";
import { printLines } from "../output.ts";
import { DEFAULT_FILE } from "../stream/default-file.ts";
import { loadAllServices } from "../stream/services.ts";
import { STREAM_FLAGS, shownUrl, streamConfig } from "../stream/stream-flags.ts";

const check = command({
  name: "check",
  description:
    "Check a configuration and start nothing: every fault with its file and line, exit code 1 when there is one",
  args: { ...STREAM_FLAGS, file: { type: "positional", required: false, description: "As --config" } },
  run: runCheck,
});

const example = command({
  name: "example",
  description: "Print the configuration that beckon up uses without one: a start for your own beckon.yaml",
  args: {},
  run: async () => {
    const { readFile } = await import("node:fs/promises");
    process.stdout.write(await readFile(DEFAULT_FILE, "utf8"));
  },
});

export const config = defineCommand({
  meta: { name: "config", description: "Check a beckon.yaml, or print one to start from" },
  subCommands: { check, example },
});

async function runCheck({ args }: CommandInput): Promise<void> {
  const [named] = args.positionals;
  const checked = streamConfig(args, await loadAllServices(), {
    file: DEFAULT_FILE,
    ...(named !== undefined && { named }),
  });
  const kinds = [...checked.kinds];
  printLines([
    `no fault; it runs ${kinds.length === 0 ? "no service" : kinds.join(", ")} with the broker ${shownUrl(checked.shared.mqtt.url)}`,
  ]);
}
