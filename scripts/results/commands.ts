import type { Run, Test } from "./rows.ts";

/** What stands for `$DATA` and `$RUNS` in arguments. */
export interface Places {
  readonly data: string;
  readonly runs: string;
}

/** Where the trainings lie, seen from the root of the project. */
export const RUNS = "runs/results";

/** As it is shown: the data's folder stays a variable, the runs' is where a reader will have them too. */
const SHOWN: Places = { data: "$DATA", runs: RUNS };

/** One epoch of two steps, kept as the last; behind the run's own arguments, which they replace. */
const QUICK = ["--epochs", "1", "--steps", "2", "--checkpoint-every", "1"];

/** All arguments of `beckon` for a training. */
export function trainArguments(run: Run, places: Places, quick = false): string[] {
  const out = `$RUNS/${run.name}`;
  const all = ["train", ...run.train, ...(quick ? QUICK : []), "--seed", "1", "--workers", "2", "--out", out];
  return filled(all, places);
}

/** All arguments of `beckon` for a test of a bundle. */
export function testArguments(test: Test, bundle: string, places: Places): string[] {
  return filled(["evaluate", "--model", bundle, ...test.evaluate, "--threads", "2", "--json"], places);
}

/** The bundle that a run's tests judge; with a star where the name holds figures that nobody knows before. */
function judgedBundle({ name, judged }: Run): string {
  return judged === "best" ? `$RUNS/${name}/best` : `$RUNS/${name}/epoch-*`;
}

/** `npx beckon ...` for a shell; words are quoted where a shell would change them, but for `$DATA`. */
export function shellLine(words: readonly string[]): string {
  const quoted = words.map((word) => (/^[\w@%+=:,./$-]+$/.test(word) ? word : quote(word)));
  return ["npx beckon", ...quoted].join(" ");
}

function quote(word: string): string {
  // A path with a star is meant for the shell.
  return word.endsWith("/epoch-*") ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Every command of a run as a reader would type it: the training, then the tests. */
export function shownCommands(run: Run): string[] {
  const tests = run.tests.map((test) => testArguments(test, judgedBundle(run), SHOWN));
  return [trainArguments(run, SHOWN), ...tests].map(shellLine);
}

function filled(words: readonly string[], { data, runs }: Places): string[] {
  return words.map((word) => word.replace(/^\$DATA(?=\/)/, data).replace(/^\$RUNS(?=\/)/, runs));
}
