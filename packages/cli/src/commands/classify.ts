import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Classifier, PictureShape, Score, Verdict } from "@beckon/vision";
import { type CommandInput, command } from "../command.ts";
import { ENGINE_FLAG, engineOf } from "../engine-flag.ts";
import { outcomeOf } from "../failure.ts";
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
          const seen = await look(classifier, file, roi);
          process.stdout.write(`${args.on("json") ? jsonLine(file, seen, top) : textLine(file, seen, top)}\n`);
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
  const files = entries
    .filter((entry) => !entry.isDirectory() && PICTURE.has(extname(entry.name).toLowerCase()))
    .map((entry) => join(entry.parentPath, entry.name));
  if (files.length === 0) throw new CommandFailure(`no .jpg or .png picture in ${name}: check the path`);
  yield* files.sort(new Intl.Collator("en", { numeric: true }).compare);
}

interface Seen {
  readonly verdict: Verdict;
  /** Every class, best first. */
  readonly scores: readonly Score[];
}

async function look(classifier: Classifier, file: string, roi: PictureShape["roi"]): Promise<Seen> {
  const { FILE_LIMITS, judge, PictureError, readPicture } = await import("@beckon/vision");
  const { card, labels } = classifier.bundle;
  const { width, height, fit, kernel } = card.input;
  const tooLarge = (size: number) =>
    new PictureError("too-large", `${Math.ceil(size / 1e6)} MB, the limit is ${FILE_LIMITS.bytes / 1e6} MB`);
  const bytes = await bytesOf(file, FILE_LIMITS.bytes, tooLarge);
  const pixels = await readPicture(bytes, { width, height, fit, kernel, roi }, FILE_LIMITS);
  const row = await classifier.classifyBatch([pixels]);
  const scores = labels.map((label, index) => ({ label, confidence: row[index] ?? 0 }));
  scores.sort((a, b) => b.confidence - a.confidence);
  return { verdict: judge(row, labels, card.thresholds), scores };
}

/** The whole file or stdin, never more of it in memory than may be decoded. */
async function bytesOf(file: string, limit: number, tooLarge: (size: number) => Error): Promise<Uint8Array> {
  if (file !== STDIN) {
    const { size } = await stat(file);
    if (size > limit) throw tooLarge(size);
    return readFile(file);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > limit) throw tooLarge(size);
  }
  return Buffer.concat(chunks);
}

/** `hand.jpg  A  0.97  (B 0.02, C 0.01)`; an unknown one names the best classes too. */
function textLine(file: string, { verdict, scores }: Seen, top: number): string {
  const named = scores.findIndex(({ label }) => label === verdict.label);
  const others = scores
    .slice(0, top)
    .filter((_, index) => index !== named)
    .map(({ label, confidence }) => `${label} ${confidence.toFixed(2)}`);
  const also = others.length === 0 ? "" : `  (${others.join(", ")})`;
  return printable(`${file}  ${verdict.label}  ${verdict.confidence.toFixed(2)}${also}`);
}

function jsonLine(file: string, { verdict, scores }: Seen, top: number): string {
  return JSON.stringify({ file, label: verdict.label, confidence: verdict.confidence, top: scores.slice(0, top) });
}

/** One bad picture among many is named, and the others go on; what nobody expected ends it all. */
function sayFailure(file: string, error: unknown): void {
  const { isPicture, text } = reasonOf(error);
  if (text === undefined) throw error;
  process.stderr.write(`beckon: ${isPicture ? `${printable(file)}: ` : ""}${text}\n`);
}

function reasonOf(error: unknown): { isPicture: boolean; text: string | undefined } {
  if (!(error instanceof Error)) return { isPicture: false, text: undefined };
  if (error.name === "PictureError") return { isPicture: true, text: error.message };
  const isSystem = "syscall" in error;
  return { isPicture: false, text: isSystem ? outcomeOf(error).text?.replace(/^beckon: /, "") : undefined };
}

/** Names of files may hold anything, but must not drive the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, "\ufffd");
}
