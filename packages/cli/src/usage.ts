/** The command was typed wrongly; the message is one line that names what, and what there is instead. Exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** Something the user must change for the command to work; the message is one line: what, where, what to do. Exit code 1. */
export class CommandFailure extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CommandFailure";
  }
}

/** Ctrl-C ended the work; the message says what was kept and how to go on. Exit code 130. */
export class Interrupted extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Interrupted";
  }
}

/** The command did its work, but not on everything: what failed has been named already. Exit code 1, and no more words. */
export class PartialFailure extends Error {
  constructor() {
    super("not all of it could be done");
    this.name = "PartialFailure";
  }
}

/** `; did you mean "train"?`, or nothing where no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const near = nearest(word, candidates);
  return near === undefined ? "" : `; did you mean ${near}?`;
}

/** The candidate with the fewest edits, unless it is so far off that it would only confuse. */
function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: { candidate: string; edits: number } | undefined;
  for (const candidate of candidates) {
    const edits = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (best === undefined || edits < best.edits) best = { candidate, edits };
  }
  return best && best.edits <= Math.max(2, Math.floor(word.length / 3)) ? best.candidate : undefined;
}

/** Insertions, deletions and replacements between two words (Levenshtein), one row at a time. */
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
