import { BundleError } from "./bundle-error.ts";
import { fileReason, readLimited } from "./file-access.ts";

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

/**
 * Class names travel to terminals, topics and pages: each is one short line without control characters, and no two are alike.
 *
 * @param file for the message
 * @throws BundleError naming the line
 */
export function checkLabels(file: string, labels: readonly string[]): void {
  if (labels.length < 2)
    throw new BundleError(`${file}: ${labels.length} classes, a classifier needs two or more, one a line`);
  const lines = new Map<string, number>();
  for (const [index, label] of labels.entries()) {
    const line = index + 1;
    if (label.trim() === "") throw new BundleError(`${file}: line ${line} names no class`);
    if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(label))
      throw new BundleError(`${file}: line ${line} holds control characters; save it as plain UTF-8 text`);
    if (label.length > LONGEST)
      throw new BundleError(`${file}: line ${line} has ${label.length} characters, ${LONGEST} at most`);
    const first = lines.get(label);
    if (first !== undefined) throw new BundleError(`${file}: line ${line} repeats "${label}" of line ${first}`);
    lines.set(label, line);
  }
}
