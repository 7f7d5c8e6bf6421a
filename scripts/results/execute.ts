import { spawn } from "node:child_process";
import { createWriteStream, existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { finished } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import type { Evaluation, TrainingEvent, TrainingResult } from "@beckon/training";
import { type Places, shownCommands, testArguments, trainArguments } from "./commands.ts";
import { percent } from "./format.ts";
import type { MeasuredRun, MeasuredTest, MeasuredTraining } from "./measured.ts";
import type { Run, Test } from "./rows.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A command that failed; the message names it and where its output is. */
export class RunFailure extends Error {}

export interface Execution {
  readonly places: Places;
  /** One epoch of two steps. */
  readonly quick: boolean;
  readonly print: (line: string) => void;
}

/** What an earlier call measured of a run, unless the run's commands have changed since. */
export function measuredBefore(run: Run, { places }: Pick<Execution, "places">): MeasuredRun | undefined {
  const file = resultFile(run, places);
  if (!existsSync(file)) return undefined;
  const measured = JSON.parse(readFileSync(file, "utf8")) as MeasuredRun;
  return measured.commands.join("\n") === shownCommands(run).join("\n") ? measured : undefined;
}

/**
 * Trains and tests a run, and keeps what was measured. What an earlier attempt left is thrown away.
 *
 * @throws RunFailure when one of its commands fails
 */
export async function execute(run: Run, execution: Execution): Promise<MeasuredRun> {
  const { places } = execution;
  await rm(join(ROOT, places.runs, run.name), { recursive: true, force: true });
  await rm(resultFile(run, places), { force: true });
  await mkdir(join(ROOT, places.runs), { recursive: true });
  const training = await measureTraining(run, execution);
  const bundle = await bundleOf(run, places);
  const tests: MeasuredTest[] = [];
  for (const test of run.tests) tests.push(await measureTest(run, test, bundle, execution));
  const measured = { name: run.name, commands: shownCommands(run), training, tests };
  await writeFile(resultFile(run, places), `${JSON.stringify(measured, null, 2)}\n`);
  return measured;
}

function resultFile({ name }: Run, { runs }: Places): string {
  return join(ROOT, runs, `${name}.json`);
}

async function measureTraining(run: Run, execution: Execution): Promise<MeasuredTraining> {
  const { places, quick, print } = execution;
  const began = performance.now();
  let steps = 0;
  let result: TrainingResult | undefined;
  await beckon(trainArguments(run, places, quick), join(places.runs, `${run.name}.log`), (line) => {
    const event = JSON.parse(line) as TrainingEvent | ({ type: "result" } & TrainingResult);
    if (event.type === "start") steps = event.stepsPerEpoch;
    if (event.type === "result") result = event;
    if (event.type !== "epoch") return;
    const { epoch, trainAccuracy, validationAccuracy, seconds } = event.row;
    print(
      `  epoch ${epoch}: train ${percent(trainAccuracy)}, validation ${validationAccuracy === null ? "none" : percent(validationAccuracy)}, ${seconds.toFixed(0)} s`,
    );
  });
  const judged = run.judged === "best" ? result?.best : result?.history.at(-1);
  if (result === undefined || judged === undefined) throw new RunFailure(`${run.name}: the training told no result`);
  const card = await readCard(result.bundle);
  return {
    seconds: secondsSince(began),
    machine: `${cpus().length} cores of ${cpus()[0]?.model ?? "an unknown processor"}`,
    epochs: result.history.length,
    steps,
    batch: Number(card.training.summary["batch"]),
    pictures: Number(card.training.summary["pictures"]),
    epoch: judged.epoch,
    trainAccuracy: rounded(judged.trainAccuracy),
    validationAccuracy: judged.validationAccuracy === null ? null : rounded(judged.validationAccuracy),
  };
}

async function measureTest(run: Run, test: Test, bundle: string, execution: Execution): Promise<MeasuredTest> {
  const { places, print } = execution;
  const began = performance.now();
  let evaluation: (Evaluation & { alike: number }) | undefined;
  await beckon(testArguments(test, bundle, places), join(places.runs, `${run.name}.log`), (line) => {
    evaluation = JSON.parse(line) as Evaluation & { alike: number };
  });
  if (evaluation === undefined) throw new RunFailure(`${run.name}: the test on ${test.name} told no result`);
  const { macro, micro, sources, alike, sharedSources } = evaluation;
  print(`  ${test.name}: ${percent(macro.accuracy)} (${percent(macro.low)} to ${percent(macro.high)})`);
  return {
    name: test.name,
    seconds: secondsSince(began),
    macro: { accuracy: rounded(macro.accuracy), low: rounded(macro.low), high: rounded(macro.high) },
    count: micro.count,
    sources: sources.map(({ name, accuracy, count }) => ({ name, accuracy: rounded(accuracy), count })),
    alike,
    sharedSources,
  };
}

/** The bundle that the tests judge, below the folder of the runs. */
async function bundleOf({ name, judged }: Run, { runs }: Places): Promise<string> {
  if (judged === "best") return join(runs, name, "best");
  const kept = (await readdir(join(ROOT, runs, name))).filter((entry) => entry.startsWith("epoch-")).sort();
  const last = kept.at(-1);
  if (last === undefined) throw new RunFailure(`${name}: no epoch was kept; its --checkpoint-every must be its epochs`);
  return join(runs, name, last);
}

async function readCard(bundle: string) {
  return JSON.parse(readFileSync(join(ROOT, bundle, "model.json"), "utf8")) as {
    training: { summary: Record<string, string | number> };
  };
}

/**
 * Runs `beckon` from the root of the project; lines on stdout go to `onLine`, stderr to the log.
 *
 * @throws RunFailure when it ends with another code than 0
 */
async function beckon(words: readonly string[], log: string, onLine: (line: string) => void): Promise<void> {
  const output = createWriteStream(join(ROOT, log), { flags: words[0] === "train" ? "w" : "a" });
  const child = spawn(
    process.execPath,
    ["packages/cli/bin/beckon.js", ...words, ...(words[0] === "train" ? ["--json"] : [])],
    { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] },
  );
  child.stderr.pipe(output, { end: false });
  const ended = new Promise<number | null>((resolve, reject) => child.once("close", resolve).once("error", reject));
  for await (const line of createInterface({ input: child.stdout })) onLine(line);
  const code = await ended;
  output.end();
  await finished(output);
  if (code !== 0) throw new RunFailure(`beckon ${words.join(" ")}: ended with ${code ?? "a signal"}, see ${log}`);
}

function secondsSince(began: number): number {
  return Math.round((performance.now() - began) / 100) / 10;
}

function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
