import { readFile } from "node:fs/promises";
import type { TrainingEvent, TrainingOptions, TrainingResult } from "@beckon/training";
import { type CommandInput, command } from "../command.ts";
import { withInterrupt } from "../interrupt.ts";
import { Progress } from "../progress.ts";
import { recipeLine } from "../recipes.ts";
import { findBundle } from "../shipped-models.ts";
import { TRAINING_FLAGS, trainingOptions } from "../training-flags.ts";
import { TrainingProgress } from "../training-progress.ts";
import { CommandFailure, Interrupted, UsageError } from "../usage.ts";

export const train = command({
  name: "train",
  description: "Train a gesture model on folders of pictures",
  args: TRAINING_FLAGS,
  run,
});

async function run({ args, typed }: CommandInput): Promise<void> {
  const training = await import("@beckon/training");
  const asked = trainingOptions(args, training, typed);
  const { startFrom } = asked;
  const licences = args.text("licences");
  const options = {
    ...asked,
    ...(startFrom !== undefined && { startFrom: await findBundle(startFrom) }),
    ...(licences !== undefined && { licences: await readLicences(licences) }),
  };
  checkNetwork(options, training.planLayers);
  const json = args.on("json");
  const progress = new Progress(process.stdout);
  const shown = new TrainingProgress(progress);
  const writeJson = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`);
  if (!json) progress.print(`${options.architecture.name}: ${recipeLine(options.recipe)}`);
  const goOn = `interrupted; go on with: ${resumeCommand(typed, options.out, args.text("out"))}`;
  const result = await withInterrupt(
    (signal) =>
      training.train({
        ...options,
        signal,
        onEvent: (event: TrainingEvent) => (json ? writeJson(event) : shown.show(event)),
      }),
    {
      onInterrupt: () => process.stderr.write("\nstopping; press Ctrl-C again to stop at once\n"),
      message: options.resume ? goOn : "interrupted before the first epoch was done: nothing was kept",
    },
  ).finally(() => progress.clear());
  if (json) writeJson({ type: "result", ...result });
  else for (const line of closing(result, options.recipe.epochs)) progress.print(line);
  if (result.interrupted) throw new Interrupted(goOn);
}

/** What is known of the sources: repository and licence by name. */
async function readLicences(file: string): Promise<NonNullable<TrainingOptions["licences"]>> {
  const wrong = (cause?: unknown) =>
    new CommandFailure(`${file}: an object such as {"<source>": {"repository": "...", "licence": "..."}} is wanted`, {
      cause,
    });
  const text = await readFile(file, "utf8");
  let sources: unknown;
  try {
    sources = JSON.parse(text);
  } catch (error) {
    throw wrong(error);
  }
  if (!isRecord(sources)) throw wrong();
  return Object.fromEntries(
    Object.entries(sources).map(([name, facts]) => {
      if (!isRecord(facts)) throw wrong();
      const { repository, licence, ...others } = facts;
      const isText = (value: unknown) => value === undefined || typeof value === "string";
      if (!isText(repository) || !isText(licence) || Object.keys(others).length > 0) throw wrong();
      return [name, facts];
    }),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A width or side that the network cannot have is a wrong flag, and is better said before the pictures are read. */
function checkNetwork(
  { architecture, width, side = architecture.side }: TrainingOptions,
  planLayers: typeof import("@beckon/training").planLayers,
): void {
  try {
    planLayers(architecture.layers({ classes: 2, ...(width !== undefined && { width }) }), [3, side, side]);
  } catch (error) {
    const flags = width === undefined ? "--side" : "--width or --side";
    throw new UsageError(`${flags}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function closing({ best, bundle, report, history }: TrainingResult, epochs: number): string[] {
  const accuracy =
    best.validationAccuracy === null ? "" : `, validation ${(100 * best.validationAccuracy).toFixed(1)} %`;
  return [
    `best: epoch ${best.epoch} of ${history.length < epochs ? `${history.length} so far` : epochs}${accuracy}`,
    `model:  ${bundle}`,
    `report: ${report}`,
    `try it: beckon classify <picture> --model ${bundle}`,
  ];
}

/** The same command again; where the folder was our choice it is named, for the next free one would be another. */
function resumeCommand(typed: string, out: string, given: string | undefined): string {
  const named = given === undefined ? `${typed} --out ${out}` : typed;
  return / --resume( |$)/.test(named) ? named : `${named} --resume`;
}
