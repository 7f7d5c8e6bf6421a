import { BundleError } from "./bundle-error.ts";
import { readLimited } from "./file-access.ts";
import { fileReason } from "./system-reason.ts";

const MAX_BYTES = 10_000_000;
const LONGEST = 255;

/**
 * Reads class names, one a line; empty lines at the end do not count.
 *
 * @throws BundleError as `checkLabels` does, and for a file that cannot be read or is no UTF-8 text
 */
export async function readLabels(file: string): Promise<string[]> {
  const lines = (await readText(file)).split(/\r?\n/).map((line) => line.trim());
  while (lines.at(-1) === "") lines.pop();
  checkLabels(file, lines);
  return lines;
}

async function readText(file: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readLimited(file, MAX_BYTES));
  } catch (cause) {
    const reason = cause instanceof TypeError ? "not UTF-8 text; save it as such, one class a line" : fileReason(cause);
    throw new BundleError(`${file}: ${reason}`, { cause });
  }
}

/** A class name that cannot be one. */
export interface BadLabel {
  readonly index: number;
  /** What is wrong with it, as words behind its name or place. */
  readonly fault: string;
}

/**
 * Class names travel to terminals, topics and pages: each is one short line without control characters or space around
 * it, and no two are alike.
 *
 * @returns the first that is not so
 */
export function findBadLabel(labels: readonly string[]): BadLabel | undefined {
  const seen = new Map<string, number>();
  for (const [index, label] of labels.entries()) {
    const fault = faultOf(label) ?? repeats(label, seen.get(label));
    if (fault !== undefined) return { index, fault };
    seen.set(label, index);
  }
  return undefined;
}

function faultOf(label: string): string | undefined {
  if (label.trim() === "") return "names no class";
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(label)) return "holds control characters, unlike plain UTF-8 text";
  if (label !== label.trim()) return "has space around it";
  return label.length > LONGEST ? `has ${label.length} characters, ${LONGEST} at most` : undefined;
}

function repeats(label: string, first: number | undefined): string | undefined {
  return first === undefined ? undefined : `repeats "${label}" of line ${first + 1}`;
}

/**
 * Checks the class names of a file by `findBadLabel`.
 *
 * @param file for the message
 * @throws BundleError naming the line
 */
export function checkLabels(file: string, labels: readonly string[]): void {
  if (labels.length < 2)
    throw new BundleError(`${file}: ${labels.length} classes, a classifier needs two or more, one a line`);
  const bad = findBadLabel(labels);
  if (bad !== undefined) throw new BundleError(`${file}: line ${bad.index + 1} ${bad.fault}`);
}
