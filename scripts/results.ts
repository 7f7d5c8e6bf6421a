/**
 * Trains and tests the tutorials' networks and `own` beside them, and writes models/RESULTS.md.
 *
 *   npm run results -- [--only signs-cnn,own-signs] [--force] [--list] [--dry] [--render] [--quick]
 *
 * Runs that are done, by their JSON in runs/results, are not run again; --force does. --dry prints the commands, --render
 * only writes the page again, --quick tries every command on a few pictures and writes below runs/results-quick.
 * The photographs are looked for in BECKON_DATA, else in ../shared/data.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Places, RUNS, shownCommands } from "./results/commands.ts";
import { type Execution, execute, measuredBefore, ROOT, RunFailure } from "./results/execute.ts";
import type { MeasuredRun } from "./results/measured.ts";
import { makeMiniature } from "./results/miniature.ts";
import { renderResults } from "./results/render.ts";
import { type Run, rows, runs } from "./results/rows.ts";

const QUICK_FOLDER = "runs/results-quick";

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      force: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      dry: { type: "boolean", default: false },
      render: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
    },
  });
  const chosen = chosenRuns(values.only?.split(","));
  const data = process.env["BECKON_DATA"] ?? "../shared/data";
  const quick = values.quick;
  const places: Places = quick ? { data: `${QUICK_FOLDER}/data`, runs: QUICK_FOLDER } : { data, runs: RUNS };
  const execution: Execution = { places, quick, print };
  if (values.list) return list(chosen, execution);
  if (values.dry) return chosen.flatMap(shownCommands).forEach(print);
  if (!values.render) {
    if (!existsSync(resolve(ROOT, data)))
      throw new RunFailure(`no photographs in ${data}: name their folder in BECKON_DATA`);
    if (quick) await makeMiniature(resolve(ROOT, data), join(ROOT, places.data));
  }
  const folder = quick ? QUICK_FOLDER : "models";
  for (const run of values.render ? [] : chosen) {
    const done = measuredBefore(run, execution) !== undefined;
    if (done && !values.force) {
      print(`${run.name}: done before`);
      continue;
    }
    if (run.startsFrom !== undefined && !existsSync(join(ROOT, run.startsFrom, "model.json"))) {
      print(`${run.name}: left out, there is no ${run.startsFrom} to start from`);
      continue;
    }
    print(`${run.name}:`);
    const { training } = await execute(run, execution);
    print(`  trained in ${training.seconds} s`);
    await writePage(folder, execution);
  }
  await writePage(folder, execution);
  print(`wrote ${folder}/RESULTS.md and ${folder}/results.json`);
}

/** What was measured here takes the place of what is committed; the rest of that stays. */
async function writePage(folder: string, execution: Execution): Promise<void> {
  await mkdir(join(ROOT, folder), { recursive: true });
  const file = join(ROOT, folder, "results.json");
  const kept = existsSync(file) ? (JSON.parse(await readFile(file, "utf8")) as MeasuredRun[]) : [];
  const results = runs.flatMap((run) => {
    const before = kept.find(({ name }) => name === run.name);
    return measuredBefore(run, execution) ?? (before && isCurrent(run, before) ? before : []);
  });
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);
  const byName = new Map(results.map((measured) => [measured.name, measured]));
  await writeFile(join(ROOT, folder, "RESULTS.md"), renderResults(rows, runs, byName));
}

function isCurrent(run: Run, measured: MeasuredRun): boolean {
  return measured.commands.join("\n") === shownCommands(run).join("\n");
}

/** The runs of some names, of runs or of rows, with those they need before them. */
function chosenRuns(names: readonly string[] | undefined): readonly Run[] {
  if (names === undefined) return runs;
  const wanted = new Set<string>();
  const want = (name: string) => {
    const run = runs.find((one) => one.name === name);
    if (run === undefined)
      throw new RunFailure(`there is no run "${name}"; there are ${runs.map((one) => one.name).join(", ")}`);
    run.needs?.forEach(want);
    wanted.add(name);
  };
  names.forEach(want);
  return runs.filter(({ name }) => wanted.has(name));
}

function list(chosen: readonly Run[], execution: Execution): void {
  for (const run of chosen) {
    const measured = measuredBefore(run, execution);
    print(`${run.name.padEnd(20)} ${measured === undefined ? "not run" : `done in ${measured.training.seconds} s`}`);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof RunFailure)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
