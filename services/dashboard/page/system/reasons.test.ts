import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as words from "../words.ts";
import { isWanted } from "./drop-table.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const files = [
  ...readdirSync(join(root, "services")).flatMap((name) => filesOf(join("services", name))),
  ...["protocol", "runtime", "vision"].flatMap((name) => filesOf(join("packages", name))),
];
const sources = files.filter((path) => /\/src\/.*\.ts$/.test(path) && !/\.test\.ts$|\/testing\//.test(path));
const readmes = files.filter((path) => path.endsWith("/README.md"));
const known = Object.keys(words.system.reasons);

function filesOf(folder: string): string[] {
  const inside = (under: string): string[] =>
    readdirSync(join(root, under), { withFileTypes: true, recursive: under.endsWith("src") })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  return [...inside(folder), ...(existsSync(join(root, folder, "src")) ? inside(`${folder}/src`) : [])];
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Words in quotes that may be a reason. */
function quoted(text: string): string[] {
  return [...text.matchAll(/"([a-z]+(?:-[a-z]+)*)"/g)].map(([, word]) => word ?? "");
}

/** Types that list reasons: `Loss`, `GateLoss`, `Lost`, `Untimely`, `Foreign`, `ByteRefusal`, `RefusalReason`. */
const LISTS = /^export type \w*(?:Loss|Lost|Untimely|Foreign|ByteRefusal|RefusalReason)\b\s*=([^;]*);/gm;
/** What is dropped or refused for a reason that stands there: `stats.drop("offline")`, `refuse(state, "busy", cause)`. */
const CALLS = /\b(?:drop|dropAll|lose|lost|refuse)\(([^()]*)\)/g;
/** `reason: "stale"`, `readonly reason: "bad-image" | "too-large"`, `refused: "removed"`, `loss: "no-mqtt"`, `untimely: ...` */
const FIELDS = /\b(?:reason|refused|loss|untimely|verdict)\??(?::| =) ([^,;}]*)/g;
/** Functions that answer why something is dropped, and what stands in them instead of a reason. */
const ANSWERS: Readonly<Record<string, RegExp>> = {
  "services/camera-publisher/src/frame-publisher.ts": /#skips\(\{[\s\S]*?\n {2}\}/,
  "services/interpreter/src/desk.ts": /#channelOf\(\{[\s\S]*?\n {2}\}/,
  "services/relay/src/live-source.ts": /judge\([\s\S]*?\n\}/,
};
/** Quoted where reasons are, and none. */
const NO_REASONS = ["end", "logits", "object", "reason", "string"];

function reasonsIn(path: string, text: string): string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
  const found = [LISTS, CALLS, FIELDS].flatMap((pattern) => [...code.matchAll(pattern)].map(([, part]) => part ?? ""));
  const returned = [...(ANSWERS[path]?.exec(code)?.[0] ?? "").matchAll(/\breturn [\s\S]*?;/g)].map(([part]) => part);
  return quoted([...found, ...returned].join("\n"));
}

/** The first column of a README's tables of drops and refusals. */
function reasonsInTables(text: string): string[] {
  return [...text.matchAll(/^\| (?:drop|refused|reason|loss) \|.*\n\| --- .*\n((?:\|.*\n)+)/gm)].flatMap(
    ([, rows = ""]) =>
      rows
        .split("\n")
        .flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([a-z-]+)`/g)].map(([, word]) => word ?? "")),
  );
}

describe("the words for drops and refusals", () => {
  const used = new Map<string, string>();
  for (const path of sources) for (const word of reasonsIn(path, read(path))) used.set(word, path);
  for (const path of readmes) for (const word of reasonsInTables(read(path))) used.set(word, path);
  for (const word of NO_REASONS) used.delete(word);

  it("are there for every reason that the services really use", () => {
    const missing = [...used].filter(([word]) => !known.includes(word)).map(([word, path]) => `${word} (${path})`);
    expect(missing, "write what it means and what to do in words.system.reasons").toEqual([]);
  });

  it("are for no reason that nobody uses", () => {
    expect(known.filter((word) => !used.has(word) && word !== "others")).toEqual([]);
  });

  it("find what they look for: some of each service", () => {
    expect([...used.keys()]).toEqual(
      expect.arrayContaining([
        "paced",
        "superseded",
        "too-many",
        "no-source",
        "overflow",
        "stuck-subscriber",
        "bad-set",
      ]),
    );
  });

  it("say what to do about all but what is harmless", () => {
    const silent = Object.entries<{ advice?: string }>(words.system.reasons).filter(([, { advice }]) => !advice);
    expect(silent.map(([word]) => word).sort()).toEqual(["paced", "removed", "stopped", "superseded"]);
  });

  it("take the newest for what is wanted", () => {
    expect(known.filter(isWanted)).toEqual(["paced", "superseded"]);
  });
});
