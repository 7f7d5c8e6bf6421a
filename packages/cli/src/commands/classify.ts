import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Classifier, ClassifyOptions, Verdict } from "@beckon/vision";
import { type CommandInput, command } from "../command.ts";
import { ENGINE_FLAG, engineOf } from "../engine-flag.ts";
import { outcomeOf } from "../failure.ts";
import { oneLine, printJson, printLines } from "../output.ts";
import { parseRoi, ROI_FLAG } from "../roi.ts";
import { findBundle } from "../shipped-models.ts";
import { CommandFailure, PartialFailure } from "../usage.ts";

export const classify = command({
  name: "classify",
  description: "Name the gesture in pictures: files, folders, or - for one picture on stdin",
  args: {
    picture: { type: "positional", valueHint: "...", description: "Pictures and folders of them, or - for stdin" },
    model: {
      type: "string",
      valueHint: "bundle",
      description: "Folder of a bundle, or the name of a shipped model (default letters)",
    },
    top: { type: "string", valueHint: "n", description: "How many of the best classes are shown (default 3)" },
    roi: ROI_FLAG,
    json: { type: "boolean", description: "One JSON object a line" },
    engine: ENGINE_FLAG,
  },
  run,
});

async function run({ args }: CommandInput): Promise<void> {
  const top = args.number("top", { min: 1, max: 1000, whole: true }) ?? 3;
  const roi = parseRoi(args.text("roi"));
  const engine = engineOf(args);
  const folder = await findBundle(args.text("model") ?? "letters");
  const { loadBundle, openClassifier } = await import("@beckon/vision");
  const classifier = await openClassifier(await loadBundle(folder), { engine });
  let failed = false;
  try {
    for (const name of args.positionals)
      for await (const file of picturesOf(name)) {
        try {
          const seen = await look(classifier, file, { roi, top });
          if (args.on("json")) printJson({ file, ...seen });
          else printLines([textLine(file, seen)]);
        } catch (error) {
          failed = true;
          sayFailure(file, error);
        }
      }
  } finally {
    await classifier.close();
  }
  if (failed) throw new PartialFailure();
}

const PICTURE = new Set([".jpg", ".jpeg", ".png"]);
const STDIN = "-";

/** The files of one word: itself, or all pictures below the folder, in natural order. */
async function* picturesOf(name: string): AsyncGenerator<string> {
  const isFolder = name !== STDIN && (await stat(name).catch(() => undefined))?.isDirectory();
  if (!isFolder) {
    yield name;
    return;
  }
  const entries = await readdir(name, { recursive: true, withFileTypes: true });
  // Links to pictures count; pipes and devices would be waited for without end.
  const files = entries
    .filter((entry) => (entry.isFile() || entry.isSymbolicLink()) && PICTURE.has(extname(entry.name).toLowerCase()))
    .map((entry) => join(entry.parentPath, entry.name));
  if (files.length === 0) throw new CommandFailure(`no .jpg or .png picture in ${name}: check the path`);
  yield* files.sort(new Intl.Collator("en", { numeric: true }).compare);
}

async function look(classifier: Classifier, file: string, how: Omit<ClassifyOptions, "limits">): Promise<Verdict> {
  const { FILE_LIMITS, readPictureFile } = await import("@beckon/vision");
  const bytes = file === STDIN ? await bytesOfStdin(FILE_LIMITS.bytes) : await readPictureFile(file, FILE_LIMITS);
  const { label, confidence, top } = await classifier.classify(bytes, { ...how, limits: FILE_LIMITS });
  return { label, confidence, top };
}

/** All of stdin, and never more of it in memory than may be decoded. */
async function bytesOfStdin(limit: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > limit) throw new CommandFailure(`stdin: larger than the limit of ${limit / 1e6} MB`);
  }
  if (size === 0)
    throw new CommandFailure("stdin: nothing came; pipe a picture into it: cat hand.jpg | beckon classify -");
  return Buffer.concat(chunks);
}

/** `hand.jpg  A  0.97  (B 0.02, C 0.01)`; an unknown one names the best classes too. */
function textLine(file: string, { label, confidence, top }: Verdict): string {
  const others = top.filter((score) => score.label !== label).map((one) => `${one.label} ${one.confidence.toFixed(2)}`);
  const also = others.length === 0 ? "" : `  (${others.join(", ")})`;
  return `${file}  ${label}  ${confidence.toFixed(2)}${also}`;
}

/** One bad picture among many is named, and the others go on; what is not the picture's fault ends it all. */
function sayFailure(file: string, error: unknown): void {
  const isPicture = error instanceof Error && error.name === "PictureError";
  const isSystem = error instanceof Error && "syscall" in error;
  if (!isPicture && !isSystem) throw error;
  const text = isPicture
    ? `beckon: ${oneLine(`${file === STDIN ? "stdin" : file}: ${error.message}`)}`
    : outcomeOf(error).text;
  process.stderr.write(`${text}\n`);
}
