import type { Architecture } from "../architecture.ts";
import { alexnet } from "./alexnet.ts";
import { conv5 } from "./conv5.ts";
import { handCnn } from "./hand-cnn.ts";
import { own } from "./own.ts";
import { resnet18 } from "./resnet18.ts";
import { resnet50 } from "./resnet50.ts";
import { signsCnn } from "./signs-cnn.ts";
import { vgg16 } from "./vgg16.ts";

/** Every architecture that can be trained by name; ours first, then as the tutorials come. */
export const architectures: readonly Architecture[] = [
  own,
  handCnn,
  alexnet,
  signsCnn,
  resnet50,
  vgg16,
  conv5,
  resnet18,
];

/** A name that is not in the catalogue. The message is one line for the user. */
export class UnknownArchitecture extends Error {
  constructor(name: string) {
    const known = architectures.map((architecture) => architecture.name);
    const near = nearest(name, known);
    const hint = near ? `; did you mean ${near}?` : ".";
    super(`there is no architecture "${name}"${hint} Known: ${known.join(", ")}`);
    this.name = "UnknownArchitecture";
  }
}

/**
 * Looks an architecture up by its name.
 *
 * @throws UnknownArchitecture naming the nearest one that exists
 */
export function findArchitecture(name: string): Architecture {
  const found = architectures.find((architecture) => architecture.name === name);
  if (!found) throw new UnknownArchitecture(name);
  return found;
}

/** The candidate with the fewest edits, unless it is so far off that it would only confuse. */
function nearest(name: string, candidates: readonly string[]): string | undefined {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: editDistance(plain, candidate.replaceAll("-", "")) }))
    .sort((one, other) => one.edits - other.edits);
  const best = ranked[0];
  return best && best.edits <= Math.max(2, Math.floor(plain.length / 3)) ? best.candidate : undefined;
}

/** Insertions, deletions and replacements between two words (Levenshtein, one row at a time). */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1];
    for (const [j, candidate] of [...other].entries()) {
      const replaced = (row[j] ?? 0) + (letter === candidate ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
