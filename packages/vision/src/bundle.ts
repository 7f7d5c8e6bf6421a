import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { z } from "zod";
import { BundleError } from "./bundle-error.ts";
import { ModelCard } from "./card.ts";
import { readLimited } from "./file-access.ts";
import { firstLine } from "./first-line.ts";
import { checkLabels, readLabels } from "./labels.ts";
import { fileReason } from "./system-reason.ts";
import { readTfjsFiles } from "./tfjs-files.ts";

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
const MAX_CARD_BYTES = 10_000_000;

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
  const onnx = await readPart(file, MAX_ONNX_BYTES);
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
 * @throws BundleError when it does not fit its schema, would replace something else than a bundle, or cannot be written;
 *   what was there before is then untouched
 */
export async function saveBundle(folder: string, { card, labels, onnx, addFiles }: NewBundle): Promise<void> {
  const whole = ModelCard.safeParse({ ...card, sha256: { onnx: sha256(onnx) } }, { reportInput: true });
  if (!whole.success) throw new BundleError(`${join(folder, "model.json")}: ${issueLine(whole.error)}`);
  checkLabels(join(folder, "labels.txt"), labels);
  checkThresholds(folder, whole.data, labels);
  checkReplaceable(folder);
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
      : new BundleError(`${folder}: not written: ${fileReason(error)}`, { cause: error });
  }
}

const PARTS = ["model.json", "labels.txt", "model.onnx"];

/**
 * A bundle replaces all that is in its folder: so the folder must be new, empty, or a bundle.
 *
 * @throws BundleError when it is none of these
 */
export function checkReplaceable(folder: string): void {
  try {
    if (!existsSync(folder)) return;
    if (!statSync(folder).isDirectory()) throw new BundleError(`${folder}: is a file; name a folder`);
    const found = readdirSync(folder);
    if (found.length === 0 || PARTS.every((part) => found.includes(part))) return;
  } catch (cause) {
    throw cause instanceof BundleError ? cause : new BundleError(`${folder}: ${fileReason(cause)}`, { cause });
  }
  throw new BundleError(`${folder}: holds other files and would be replaced; name a new folder`);
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
  const text = new TextDecoder().decode(await readPart(file, MAX_CARD_BYTES));
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new BundleError(`${file}: not JSON: ${firstLine(error)}`, { cause: error });
  }
  const parsed = ModelCard.safeParse(json, { reportInput: true });
  if (!parsed.success) throw new BundleError(`${file}: ${issueLine(parsed.error)}`);
  return parsed.data;
}

function checkThresholds(folder: string, card: ModelCard, labels: readonly string[]): void {
  const known = new Set(labels);
  const stray = Object.keys(card.thresholds.classes).find((label) => !known.has(label));
  if (stray === undefined) return;
  throw new BundleError(
    `${join(folder, "model.json")}: thresholds.classes names "${stray}", which is not in labels.txt`,
  );
}

async function readPart(file: string, limit: number): Promise<Uint8Array> {
  try {
    return await readLimited(file, limit);
  } catch (cause) {
    throw new BundleError(`${file}: ${fileReason(cause)}`, { cause });
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
