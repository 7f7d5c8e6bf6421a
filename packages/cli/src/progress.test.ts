import { describe, expect, it } from "vitest";
import { bar, duration, Progress, timeLeft } from "./progress.ts";
import { TrainingProgress } from "./training-progress.ts";

function stream(isTTY: boolean, columns = 40) {
  const written: string[] = [];
  return { isTTY, columns, written, write: (text: string) => written.push(text) };
}

describe("progress", () => {
  it("prints passing states to a pipe only every few seconds, and none of what is over at once", () => {
    let now = 0;
    const pipe = stream(false);
    const progress = new Progress(pipe, { every: 5000, now: () => now });
    for (now = 0; now <= 11_000; now += 100) progress.update(() => `at ${now}`);
    progress.print("done");
    expect(pipe.written).toEqual(["at 5000\n", "at 10000\n", "done\n"]);
  });
  it("redraws one line on a terminal, cut to its width, and clears it before a line that stays", () => {
    let now = 0;
    const terminal = stream(true, 11);
    const progress = new Progress(terminal, { now: () => now });
    progress.update(() => "0123456789abc");
    now = 10;
    progress.update(() => "too soon");
    progress.print("stays");
    expect(terminal.written).toEqual(["\r\u001b[2K0123456789", "\r\u001b[2K", "stays\n"]);
  });
  it("draws a bar that is empty at 0 and full at 1", () => {
    expect([bar(0, 4), bar(0.5, 4), bar(1, 4), bar(7, 4)]).toEqual(["[    ]", "[=>  ]", "[====]", "[====]"]);
  });
  it("says times the coarser the longer they are", () => {
    expect([0.4, 59, 60, 125, 599, 3599, 3600, 4800].map(duration)).toEqual([
      "0 s",
      "59 s",
      "1 min",
      "2 min 5 s",
      "9 min 59 s",
      "1 h",
      "1 h",
      "1 h 20 min",
    ]);
  });
  it("knows no time left before anything is done", () => {
    expect([timeLeft(0, 10, 5), timeLeft(5, 10, 20)]).toEqual([undefined, 20]);
  });
});

describe("the progress of a training", () => {
  const row = {
    trainAccuracy: 0.871,
    trainLoss: 0.4123,
    validationAccuracy: 0.5,
    validationLoss: 0.51,
    learningRate: 0.01,
    seconds: 12,
  };
  it("gives one plain line an epoch in a pipe, with the time left at the pace since it was resumed", () => {
    let now = 0;
    const pipe = stream(false);
    const shown = new TrainingProgress(new Progress(pipe, { now: () => now }), () => now);
    shown.show({ type: "start", epochs: 10, stepsPerEpoch: 4, resumedAt: 8 });
    for (let step = 1; step <= 4; step++) {
      now += 10_000;
      shown.show({ type: "step", epoch: 9, step, steps: 4, loss: 1, imagesPerSecond: 100 });
    }
    now = 60_000;
    shown.show({ type: "epoch", row: { ...row, epoch: 9 }, best: true });
    shown.show({ type: "saved", what: "last", path: "runs/x/last.checkpoint" });
    shown.show({
      type: "epoch",
      row: { ...row, epoch: 10, validationAccuracy: null, validationLoss: null },
      best: false,
    });
    expect(pipe.written).toEqual([
      "training: 10 epochs of 4 steps, going on after epoch 8\n",
      "epoch  9/10  loss 0.412  accuracy 87.1 %  validation 50.0 % (loss 0.510)  12 s  1 min left  best so far\n",
      "epoch 10/10  loss 0.412  accuracy 87.1 %  no validation  12 s\n",
    ]);
  });
  it("draws the steps of the epoch on a terminal", () => {
    let now = 0;
    const terminal = stream(true, 120);
    const shown = new TrainingProgress(new Progress(terminal, { now: () => now }), () => now);
    shown.show({ type: "start", epochs: 3, stepsPerEpoch: 20, resumedAt: 0 });
    now = 1000;
    shown.show({ type: "step", epoch: 1, step: 10, steps: 20, loss: 0.5, imagesPerSecond: 160.4 });
    expect(terminal.written.at(-1)).toBe(
      "\r\u001b[2Kepoch 1/3 [=========>          ] 10/20  loss 0.500  160 pictures/s  5 s left",
    );
  });
});
