/**
 * Speed and memory of training `own`, beside PyTorch's on the same machine where Debian's python3-torch is installed.
 *
 *   npm run bench:training -- [--rounds 5] [--seconds 5] [--quick]
 *
 * Every round measures every setting once, ours and PyTorch's in turn, each in a process of its own, so that a machine
 * that slows down meanwhile slows both. Figures are medians over the rounds, ratios the medians of each round's ratio.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { own } from "../../packages/training/src/architectures/own.ts";
import { type Bar, formatTable, median } from "./bars.ts";
import { type Bench, BenchFailure, measureApart, positive, runBench } from "./bench.ts";
import { type DrawnPictures, drawPictures } from "./drawn-pictures.ts";
import { measurePytorch, pytorchVersion } from "./pytorch-peer.ts";
import type { TrainingRequest, TrainingRound } from "./training-round.ts";

const PICTURES = 600;
const BATCHES = [32, 64] as const;
/** Our worker threads and PyTorch's threads. */
const THREADS = [1, 2] as const;
const TORCH_BAR = 0.8;
const TORCH_AIM = 1;
const AUGMENTED_BAR = 0.85;
const MEMORY_BAR = 1.5e9;
const WARM_UP_SECONDS = 1;

/** What trains: we as we are, we with strong augmentation, or PyTorch. */
type Trainee = "plain" | "augmented" | "pytorch";

/** One setting and what each round measured. */
interface Series {
  readonly trainee: Trainee;
  readonly batch: number;
  readonly threads: number;
  readonly rounds: TrainingRound[];
}

interface Options {
  readonly rounds: number;
  readonly seconds: number;
}

function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: "string" }, seconds: { type: "string" }, quick: { type: "boolean", default: false } },
  });
  return {
    rounds: Math.ceil(positive("rounds", values.rounds ?? (values.quick ? "1" : "5"))),
    seconds: positive("seconds", values.seconds ?? (values.quick ? "2" : "5")),
  };
}

await runBench(async (bench) => {
  const options = optionsOf(process.argv.slice(2));
  const torch = await pytorchVersion();
  console.log(
    torch === undefined
      ? "PyTorch: not found, so nothing to compare with; install it with: apt-get install python3-torch"
      : `PyTorch ${torch}`,
  );
  const pictures = await drawPictures(join(bench.folder, "pictures.rgb"), PICTURES, own.side);
  const all = seriesOf(torch !== undefined);
  const total = options.rounds * all.length;
  console.log(`${options.rounds} rounds of ${all.length} settings, ${options.seconds} s each\n`);
  for (let done = 0; done < total; done++) {
    const series = all[done % all.length] as Series;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${done + 1}/${total} ${nameOf(series)}`);
    series.rounds.push(await measure(series, pictures, options, bench));
  }
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  console.log(tableOf(all));
  return BATCHES.flatMap((batch) => barsOf(all.filter((series) => series.batch === batch)));
});

function seriesOf(withTorch: boolean): readonly Series[] {
  const trainees: readonly Trainee[] = withTorch ? ["plain", "pytorch", "augmented"] : ["plain", "augmented"];
  return BATCHES.flatMap((batch) =>
    THREADS.flatMap((threads) => trainees.map((trainee) => ({ trainee, batch, threads, rounds: [] }))),
  );
}

function measure(
  { trainee, batch, threads }: Series,
  pictures: DrawnPictures,
  { seconds }: Options,
  { signal }: Bench,
): Promise<TrainingRound> {
  const common = { pictures, batch, seconds, warmUpSeconds: WARM_UP_SECONDS };
  if (trainee === "pytorch") return measurePytorch({ ...common, threads }, signal);
  const augmentation = trainee === "augmented" ? "strong" : "none";
  const request: TrainingRequest = { ...common, workers: threads, augmentation };
  return measureApart(new URL("./training-round.ts", import.meta.url), request, signal);
}

function tableOf(all: readonly Series[]): string {
  const rows = all
    .toSorted((a, b) => a.batch - b.batch || Number(a.trainee === "pytorch") - Number(b.trainee === "pytorch"))
    .map((series) => {
      const torch = bestOf(all.filter(({ trainee, batch }) => trainee === "pytorch" && batch === series.batch));
      const plain = all.find(
        ({ trainee, batch, threads }) => trainee === "plain" && batch === series.batch && threads === series.threads,
      );
      return [
        nameOf(series),
        rateOf(series).toFixed(0),
        torch === undefined ? "-" : ratioOf(series, torch).toFixed(2),
        series.trainee === "augmented" && plain ? ratioOf(series, plain).toFixed(2) : "",
        (peakOf(series) / 1e6).toFixed(0),
      ];
    });
  return formatTable(["", "images/s", "of PyTorch's best", "of not augmented", "peak MB"], rows);
}

/** The bars of one batch size. */
function barsOf(all: readonly Series[]): readonly Bar[] {
  const name = `batch ${all[0]?.batch}`;
  const of = (wanted: Trainee) => all.filter(({ trainee }) => trainee === wanted);
  const ours = bestOf(of("plain"));
  const torch = bestOf(of("pytorch"));
  const againstTorch = ours && torch ? [torchBar(name, ours, torch)] : [];
  const augmented = of("augmented").flatMap((series) => {
    const plain = of("plain").find(({ threads }) => threads === series.threads);
    if (plain === undefined) return [];
    const ratio = ratioOf(series, plain);
    const what = `${name}, ${plural(series.threads, "worker")}: ${ratio.toFixed(2)} of its speed when augmenting`;
    return [{ what, bar: `at least ${AUGMENTED_BAR}`, passed: ratio >= AUGMENTED_BAR }];
  });
  const peak = Math.max(...[...of("plain"), ...of("augmented")].map(peakOf));
  const memory = {
    what: `${name}: ${(peak / 1e6).toFixed(0)} MB at most`,
    bar: `below ${MEMORY_BAR / 1e6} MB`,
    passed: peak < MEMORY_BAR,
  };
  return [...againstTorch, ...augmented, memory];
}

function torchBar(name: string, ours: Series, torch: Series): Bar {
  const ratio = ratioOf(ours, torch);
  const settings = `${plural(ours.threads, "worker")} against ${plural(torch.threads, "thread")}`;
  const aim = `aim ${TORCH_AIM.toFixed(1)} ${ratio >= TORCH_AIM ? "reached" : "missed"}`;
  return {
    what: `${name}: ${ratio.toFixed(2)} of PyTorch's best, ${settings}`,
    bar: `at least ${TORCH_BAR}; ${aim}`,
    passed: ratio >= TORCH_BAR,
  };
}

function bestOf(all: readonly Series[]): Series | undefined {
  return all.toSorted((a, b) => rateOf(b) - rateOf(a))[0];
}

function rateOf({ rounds }: Series): number {
  return median(rounds.map(({ imagesPerSecond }) => imagesPerSecond));
}

function ratioOf(one: Series, other: Series): number {
  return median(
    one.rounds.map(({ imagesPerSecond }, round) => {
      const beside = other.rounds[round];
      if (beside === undefined) throw new BenchFailure(`round ${round + 1} of ${nameOf(other)} is missing`);
      return imagesPerSecond / beside.imagesPerSecond;
    }),
  );
}

function peakOf({ rounds }: Series): number {
  return Math.max(...rounds.map(({ peakBytes }) => peakBytes));
}

function nameOf({ trainee, batch, threads }: Series): string {
  if (trainee === "pytorch") return `batch ${batch}, PyTorch, ${plural(threads, "thread")}`;
  return `batch ${batch}, ${plural(threads, "worker")}${trainee === "augmented" ? ", strong augmentation" : ""}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
