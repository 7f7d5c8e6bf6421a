import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Classification } from "@beckon/vision";
import { type CommandInput, command } from "../command.ts";
import { printLines } from "../output.ts";
import { findBundle, isBundle, SHIPPED } from "../shipped-models.ts";
import { CommandFailure, UsageError } from "../usage.ts";

export const demo = command({
  name: "demo",
  description: "Watch a drawn hand sign a word and the letters model read it: no camera, no broker, no pictures needed",
  args: {
    text: {
      type: "string",
      valueHint: "word",
      description: "What is signed: A to Y without J, 0 to 5 and spaces (default HELLO)",
    },
    model: {
      type: "string",
      valueHint: "bundle",
      description: "Folder of a bundle, or the name of a shipped model (default letters)",
    },
    out: { type: "string", valueHint: "folder", description: "Keep the drawn pictures here" },
  },
  run,
});

/** A frame as a small camera sends it. */
const FRAME = { width: 320, height: 320 };

async function run({ args }: CommandInput): Promise<void> {
  const text = (args.text("text") ?? "HELLO").toUpperCase();
  const { drawScene, scriptOf } = await import("@beckon/synthetic");
  const signs = signsOf(text, scriptOf);
  const named = args.text("model");
  if (named === undefined && !isBundle(join(SHIPPED, "letters")))
    throw new CommandFailure(
      "the letters model is not here yet, so nobody can read the drawn hand; train one (see models/README.md) and name it with --model <bundle>",
    );
  const folder = await findBundle(named ?? "letters");
  const { encodeJpeg, loadBundle, openClassifier, WIRE_LIMITS } = await import("@beckon/vision");
  const out = args.text("out");
  if (out !== undefined) await mkdir(out, { recursive: true });
  const classifier = await openClassifier(await loadBundle(folder), { engine: "onnx-cpu" });
  const { card } = classifier.bundle;
  say(`A drawn hand signs ${signs.join(" ")}, one picture a letter.`);
  say(`The model "${card.name}" ${card.version} reads each picture, as it would from a camera:`);
  let read = "";
  let right = 0;
  try {
    for (const [index, sign] of signs.entries()) {
      const jpeg = await encodeJpeg(drawScene({ sign, time: index * 1000, ...FRAME }));
      if (out !== undefined) await writeFile(join(out, `${String(index + 1).padStart(2, "0")}-${sign}.jpg`), jpeg);
      const seen = await classifier.classify(jpeg, { limits: WIRE_LIMITS });
      if (seen.label === sign) right++;
      read += seen.label.length === 1 ? seen.label : "?";
      say(sentence(sign, seen));
    }
  } finally {
    await classifier.close();
  }
  say(`Signed ${signs.join("")}, read ${read}: ${right} of ${signs.length} right.`);
  if (out !== undefined) say(`The pictures are in ${out}.`);
}

function signsOf(text: string, check: (text: string) => unknown): string[] {
  try {
    check(text);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(`--text: ${error.message}`) : error;
  }
  const signs = [...text].filter((character) => character !== " ");
  if (signs.length === 0 || signs.length > 100) throw new UsageError("--text: 1 to 100 letters are wanted");
  return signs;
}

function sentence(sign: string, { label, confidence, ms }: Classification): string {
  const sure = `${Math.round(100 * confidence)} % sure, ${ms.total.toFixed(1)} ms`;
  if (label === sign) return `  signs ${sign}: reads ${label} (${sure})`;
  return `  signs ${sign}: ${label === "unknown" ? "is not sure what it is" : `takes it for ${label}`} (${sure})`;
}

function say(line: string): void {
  printLines([line]);
}
