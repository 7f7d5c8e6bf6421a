import type { Epoch, TrainingEvent } from "@beckon/training";
import { bar, duration, type Progress, timeLeft } from "./progress.ts";

/** Turns the events of a training into lines: kept ones for what is done, a passing one for what is going on. */
export class TrainingProgress {
  private readonly progress: Progress;
  private readonly now: () => number;
  private epochs = 0;
  private stepsPerEpoch = 1;
  private stepsBefore = 0;
  private stepsDone = 0;
  private began = 0;
  private phaseBegan: number | undefined;
  private lastDone = Number.POSITIVE_INFINITY;

  /** @param now a clock in ms */
  constructor(progress: Progress, now: () => number = () => performance.now()) {
    this.progress = progress;
    this.now = now;
  }

  show(event: TrainingEvent): void {
    switch (event.type) {
      case "data":
        for (const line of event.lines) this.progress.print(line);
        return;
      case "problem":
        this.progress.print(`problem: ${event.problem.message}`);
        return;
      case "decoding":
        this.counted("reading pictures", event.done, event.total);
        return;
      case "features":
        this.counted("computing features", event.done, event.total);
        return;
      case "start":
        this.start(event);
        return;
      case "step":
        this.step(event);
        return;
      case "epoch":
        this.epoch(event.row, event.best);
        return;
      case "saved":
        if (event.what === "every") this.progress.print(`kept ${event.path}`);
    }
  }

  private counted(what: string, done: number, total: number): void {
    // A smaller number than before begins another count: validation pictures after those to train on.
    if (this.phaseBegan === undefined || done < this.lastDone) this.phaseBegan = this.now();
    this.lastDone = done;
    const seconds = (this.now() - this.phaseBegan) / 1000;
    this.progress.update(
      () => `${what} ${bar(done / total)} ${done}/${total}${left(timeLeft(done, total, seconds), done < total)}`,
    );
  }

  private start({ epochs, stepsPerEpoch, resumedAt }: Extract<TrainingEvent, { type: "start" }>): void {
    this.epochs = epochs;
    this.stepsPerEpoch = stepsPerEpoch;
    this.stepsBefore = resumedAt * stepsPerEpoch;
    this.stepsDone = this.stepsBefore;
    this.began = this.now();
    const resumed = resumedAt > 0 ? `, going on after epoch ${resumedAt}` : "";
    this.progress.print(`training: ${epochs} epochs of ${stepsPerEpoch} steps${resumed}`);
  }

  private step({ epoch, step, steps, loss, imagesPerSecond }: Extract<TrainingEvent, { type: "step" }>): void {
    this.stepsDone = (epoch - 1) * this.stepsPerEpoch + step;
    // A log wants epochs; their steps are for someone who watches.
    if (!this.progress.isLive) return;
    this.progress.update(
      () =>
        `epoch ${epoch}/${this.epochs} ${bar(step / steps)} ${step}/${steps}  loss ${loss.toFixed(3)}  ` +
        `${Math.round(imagesPerSecond)} pictures/s${left(this.secondsLeft(), true)}`,
    );
  }

  private epoch(row: Epoch, best: boolean): void {
    this.stepsDone = row.epoch * this.stepsPerEpoch;
    this.progress.print(
      `${epochLine(row, this.epochs)}${left(this.secondsLeft(), row.epoch < this.epochs)}${best ? "  best so far" : ""}`,
    );
  }

  private secondsLeft(): number | undefined {
    const total = this.epochs * this.stepsPerEpoch - this.stepsBefore;
    return timeLeft(this.stepsDone - this.stepsBefore, total, (this.now() - this.began) / 1000);
  }
}

/** `epoch  3/25  loss 0.412  accuracy 87.1 %  validation 84.2 % (loss 0.512)  12 s`. */
function epochLine(row: Epoch, epochs: number): string {
  const number = `${String(row.epoch).padStart(String(epochs).length)}/${epochs}`;
  const validation =
    row.validationAccuracy === null
      ? "no validation"
      : `validation ${percent(row.validationAccuracy)} (loss ${row.validationLoss?.toFixed(3) ?? "-"})`;
  return `epoch ${number}  loss ${row.trainLoss.toFixed(3)}  accuracy ${percent(row.trainAccuracy)}  ${validation}  ${duration(row.seconds)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function left(seconds: number | undefined, unfinished: boolean): string {
  return seconds === undefined || !unfinished ? "" : `  ${duration(seconds)} left`;
}
