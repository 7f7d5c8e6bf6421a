import { appendFile, open, readFile } from "node:fs/promises";

/** One epoch of a training. Accuracies 0..1; null where there was nothing to validate on. */
export interface Epoch {
  /** From 1. */
  readonly epoch: number;
  readonly trainAccuracy: number;
  readonly trainLoss: number;
  /** Every class counts alike, and within it every source. */
  readonly validationAccuracy: number | null;
  readonly validationLoss: number | null;
  readonly learningRate: number;
  /** Wall-clock time of the epoch. */
  readonly seconds: number;
}

const HEADER = "epoch,train_accuracy,train_loss,validation_accuracy,validation_loss,learning_rate,seconds";

/**
 * Adds one epoch to the CSV file, which is made when absent, and waits until it is on the disk. A line
 * torn by a crash is cut off first.
 */
export async function appendHistory(path: string, epoch: Epoch): Promise<void> {
  const kept = await cutTornLine(path);
  await appendFile(path, `${kept === 0 ? `${HEADER}\n` : ""}${historyRow(epoch)}\n`, { flush: true });
}

/** The epochs of a CSV file; none when there is no file. @throws Error naming the line that is no epoch */
export async function readHistory(path: string): Promise<Epoch[]> {
  try {
    return parseHistory(await readFile(path, "utf8"), path);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The whole CSV text. */
export function formatHistory(epochs: readonly Epoch[]): string {
  return [HEADER, ...epochs.map(historyRow)].map((line) => `${line}\n`).join("");
}

/**
 * Reads the CSV text back. A last line without its end is ignored: the process died while writing it. An
 * epoch that comes again replaces the first and all after it: the training was resumed from before it.
 *
 * @param name for the error
 * @throws Error naming the line that is no epoch
 */
export function parseHistory(text: string, name = "history"): Epoch[] {
  const lines = text.split("\n").slice(0, -1);
  const epochs: Epoch[] = [];
  lines.forEach((line, i) => {
    const row = line.trim();
    if (row === "" || (i === 0 && row === HEADER)) return;
    const epoch = parseRow(row);
    if (epoch === undefined)
      throw new Error(`${name}, line ${i + 1}: expected 7 numbers (${HEADER}), found "${row.slice(0, 80)}"`);
    while ((epochs.at(-1)?.epoch ?? Number.NEGATIVE_INFINITY) >= epoch.epoch) epochs.pop();
    epochs.push(epoch);
  });
  return epochs;
}

function historyRow(epoch: Epoch): string {
  return [
    epoch.epoch,
    epoch.trainAccuracy,
    epoch.trainLoss,
    epoch.validationAccuracy ?? "",
    epoch.validationLoss ?? "",
    epoch.learningRate,
    epoch.seconds,
  ].join(",");
}

function parseRow(row: string): Epoch | undefined {
  const cells = row.split(",");
  const [epoch, trainAccuracy, trainLoss, validationAccuracy, validationLoss, learningRate, seconds] = cells.map(cell);
  if (cells.length !== 7 || !Number.isInteger(epoch)) return undefined;
  if (epoch == null || trainAccuracy == null || trainLoss == null || learningRate == null || seconds == null)
    return undefined;
  if (validationAccuracy === undefined || validationLoss === undefined) return undefined;
  return { epoch, trainAccuracy, trainLoss, validationAccuracy, validationLoss, learningRate, seconds };
}

/** Null for an empty cell, undefined for what is no number; a loss that ran away is written NaN or Infinity. */
function cell(text: string): number | null | undefined {
  if (text === "") return null;
  if (text === "NaN") return Number.NaN;
  const value = Number(text);
  return Number.isNaN(value) || text.trim() === "" ? undefined : value;
}

/** Shortens the file to its last whole line and returns its length in bytes, 0 when there is none. */
async function cutTornLine(path: string): Promise<number> {
  try {
    await using file = await open(path, "r+");
    const bytes = await file.readFile();
    const kept = bytes.lastIndexOf(0x0a) + 1;
    if (kept < bytes.length) await file.truncate(kept);
    return kept;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
