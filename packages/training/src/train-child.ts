/**
 * A training in a process of its own, for tests that kill it, limit it or look at its memory: writes each event as a line
 * of JSON, with the memory in use after each epoch, and the message of an error to stderr. `holdAt` names a step behind
 * which it waits to be killed.
 */
import { train } from "./train.ts";
import { quickOptions, quickSigns, statefulNet } from "./training-fixture.ts";
import type { TrainingEvent } from "./training-run.ts";

const [data = "", out = "", changes = "{}"] = process.argv.slice(2);
const { architecture, holdAt, ...others } = JSON.parse(changes);

function onEvent(event: TrainingEvent): void {
  if (event.type === "epoch") globalThis.gc?.();
  const memory = event.type === "epoch" ? process.memoryUsage() : undefined;
  process.stdout.write(`${JSON.stringify({ ...event, memory })}\n`);
  if (holdAt && event.type === "step" && event.epoch === holdAt.epoch && event.step === holdAt.step)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

try {
  const named = architecture === statefulNet.name ? statefulNet : quickSigns;
  await train(quickOptions(data, out, { ...others, architecture: named, onEvent }));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
