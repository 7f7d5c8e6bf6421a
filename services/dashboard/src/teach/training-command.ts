import { fileURLToPath } from "node:url";
import type { TrainingPlan } from "./training-plan.ts";

/** A program, and the arguments that come before `train`. */
export type BeckonCommand = readonly [program: string, ...first: string[]];

/**
 * The `beckon` of this repository, run by the same Node. A service imports no other part than those its package.json
 * lists, and a training must not block the page: so the command is started as a process, found by its place beside this
 * file, as in a terminal. Whoever puts Beckon together otherwise gives `createTeaching` another command.
 */
export function defaultCommand(): BeckonCommand {
  return [process.execPath, fileURLToPath(new URL("../../../../packages/cli/bin/beckon.js", import.meta.url))];
}

/** Where the training leaves its bundle, in the folder that it runs in. */
const RUN = "run";

/**
 * What `beckon train` is told, in a folder of its own; by hand the same makes the same.
 *
 * A new head on the shipped letters, whose features know hands. One long epoch: where several are judged, the best is
 * chosen by the recordings that were held back, and the figure would be too good. On 4 gestures of 2 recordings of 60
 * pictures 600 steps take under a second; fewer left answers below the threshold where there were 15 pictures of each.
 * Balanced, for there may be minutes of one gesture and seconds of another. One thread: the stream needs the other cores.
 */
export function trainingArguments(samples: string, { classes, heldBack }: TrainingPlan, name: string): string[] {
  return [
    "train",
    ...["--json", "--data", samples, "--from", "letters", "--freeze"],
    ...["--classes", classes.join(","), "--split", "source", "--validation-sources", heldBack.join(",")],
    ...["--epochs", "1", "--steps", "600", "--rate", "0.005", "--label-smoothing", "0.05", "--balance"],
    ...["--workers", "1", "--name", name, "--out", RUN],
  ];
}
