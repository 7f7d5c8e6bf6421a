import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { z } from "zod";
import { ModelCard } from "./card.ts";
import { readTfjsFiles } from "./tfjs-files.ts";

/** A model bundle that cannot be used or written. The message is one line that names the file and what to do about it. */
export class BundleError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BundleError";
  }
}

/** A model bundle in memory: a folder with `model.json`, `labels.txt` and `model.onnx`. */
export interface Bundle {
  readonly folder: string;
  readonly card: ModelCard;
  /** Class names, in the order of the model's outputs. */
  readonly labels: readonly string[];
  /** The model as an ONNX file, its checksum verified. */
  readonly onnx: Uint8Array;
}

/** What becomes a bundle; the checksums are computed while saving. */
export interface NewBundle {
  readonly card: Omit<z.input<typeof ModelCard>, "sha256">;
  readonly labels: readonly string[];
  readonly onnx: Uint8Array;
  /** Adds more files, such as `tfjs/`, to the folder before it takes its place. */
  readonly addFiles?: (folder: string) => Promise<void>;
}

const MAX_ONNX_BYTES = 500_000_000;
const MAX_TEXT_BYTES = 10_000_000;

/**
 * Reads and verifies a bundle. Whether the model's output fits the labels is checked by the engine that opens it.
 *
 * @throws BundleError for a file that is missing, does not fit its schema, or has another checksum
 */
export async function loadBundle(folder: string): Promise<Bundle> {
  const card = await readCard(join(folder, "model.json"));
  const labels = await readLabels(join(folder, "labels.txt"));
  checkThresholds(folder, card, labels);
  const file = join(folder, "model.onnx");
  const onnx = await readLimited(file, MAX_ONNX_BYTES);
  const found = sha256(onnx);
  if (found !== card.sha256.onnx) {
    const expected = card.sha256.onnx.slice(0, 12);
    throw new BundleError(
      `${file}: sha256 is ${found.slice(0, 12)}..., model.json says ${expected}...; the file was changed or damaged, copy the bundle again`,
    );
  }
  return { folder, card, labels, onnx };
}

/**
 * Writes a bundle so that readers never see half of one. The new folder is written in full beside the old and swapped
 * in by two renames; after a power cut between them the old bundle lies beside, whole, as `.<name>.old-...`.
 *
 * @throws BundleError when it does not fit its schema or cannot be written; what was there before is then untouched
 */
export async function saveBundle(folder: string, { card, labels, onnx, addFiles }: NewBundle): Promise<void> {
  const whole = ModelCard.safeParse({ ...card, sha256: { onnx: sha256(onnx) } }, { reportInput: true });
  if (!whole.success) throw new BundleError(`${join(folder, "model.json")}: ${issueLine(whole.error)}`);
  checkLabels(join(folder, "labels.txt"), labels);
  checkThresholds(folder, whole.data, labels);
  const target = resolve(folder);
  const suffix = `${process.pid}-${randomBytes(4).toString("hex")}`;
  const fresh = join(dirname(target), `.${basename(target)}.new-${suffix}`);
  try {
    await mkdir(fresh, { recursive: true });
    await writeSynced(join(fresh, "model.onnx"), onnx);
    await writeSynced(join(fresh, "labels.txt"), `${labels.join("\n")}\n`);
    await addFiles?.(fresh);
    const tfjs = await tfjsSha256(join(fresh, "tfjs"));
    const written = { ...whole.data, sha256: { ...whole.data.sha256, ...(tfjs && { tfjs }) } };
    await writeSynced(join(fresh, "model.json"), `${JSON.stringify(written, null, 2)}\n`);
    await syncFolder(fresh);
    await replaceFolder(fresh, target, join(dirname(target), `.${basename(target)}.old-${suffix}`));
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error instanceof BundleError
      ? error
      : new BundleError(`${folder}: not written: ${systemReason(error)}`, { cause: error });
  }
}

async function tfjsSha256(folder: string): Promise<string | undefined> {
  if (!existsSync(folder)) return undefined;
  return (await readTfjsFiles(folder)).sha256;
}

async function replaceFolder(fresh: string, target: string, old: string): Promise<void> {
  const hadOld = await rename(target, old).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
  try {
    await rename(fresh, target);
  } catch (error) {
    if (hadOld) await rename(old, target);
    throw error;
  }
  await syncFolder(dirname(target));
  if (hadOld) await rm(old, { recursive: true, force: true });
}

async function readCard(file: string): Promise<ModelCard> {
  const text = await readText(file);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new BundleError(`${file}: not JSON: ${firstLine(error)}`, { cause: error });
  }
  const parsed = ModelCard.safeParse(json, { reportInput: true });
  if (!parsed.success) throw new BundleError(`${file}: ${issueLine(parsed.error)}`);
  if (parsed.data.input.std.includes(0))
    throw new BundleError(`${file}: input.std: a value is 0, every one must differ from it`);
  return parsed.data;
}

async function readLabels(file: string): Promise<string[]> {
  const lines = (await readText(file)).split(/\r?\n/).map((line) => line.trim());
  while (lines.at(-1) === "") lines.pop();
  checkLabels(file, lines);
  return lines;
}

function checkLabels(file: string, labels: readonly string[]): void {
  if (labels.length < 2)
    throw new BundleError(`${file}: ${labels.length} classes, a classifier needs two or more, one a line`);
  labels.forEach((label, index) => {
    if (label.trim() === "" || /[\r\n]/.test(label)) throw new BundleError(`${file}: line ${index + 1} names no class`);
    const first = labels.indexOf(label);
    if (first !== index) throw new BundleError(`${file}: line ${index + 1} repeats "${label}" of line ${first + 1}`);
  });
}

function checkThresholds(folder: string, card: ModelCard, labels: readonly string[]): void {
  const stray = Object.keys(card.thresholds.classes).find((label) => !labels.includes(label));
  if (stray === undefined) return;
  throw new BundleError(
    `${join(folder, "model.json")}: thresholds.classes names "${stray}", which is not in labels.txt`,
  );
}

async function readText(file: string): Promise<string> {
  return new TextDecoder().decode(await readLimited(file, MAX_TEXT_BYTES));
}

async function readLimited(file: string, limit: number): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    if (size > limit) throw new BundleError(`${file}: ${Math.ceil(size / 1e6)} MB, the limit is ${limit / 1e6} MB`);
    return await readFile(file);
  } catch (error) {
    if (error instanceof BundleError) throw error;
    throw new BundleError(`${file}: ${systemReason(error)}`, { cause: error });
  }
}

async function writeSynced(file: string, content: string | Uint8Array): Promise<void> {
  const handle = await open(file, "wx");
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes renames and new names in a folder survive a power cut. Some systems cannot, and need not fail for it. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } catch {
    // Windows and some network file systems refuse to sync a folder.
  } finally {
    await handle.close();
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The first thing that is wrong: which key, what was found, what is wanted. */
function issueLine(error: z.ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return "does not fit its schema";
  const key = issue.path.join(".") || "the file";
  const found = issue.input === undefined ? "nothing" : (JSON.stringify(issue.input) ?? typeof issue.input);
  return `${key}: found ${found.length > 60 ? `${found.slice(0, 57)}...` : found}, ${issue.message}`;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ENOTDIR: "no such file",
  EISDIR: "a folder, not a file",
  EACCES: "permission denied",
  ENOSPC: "no space left on the disk; free some and try again",
};

function systemReason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? firstLine(error);
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
