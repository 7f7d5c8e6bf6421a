/**
 * A training in a process of its own, for tests that kill it, limit it or look at its memory: writes each event as a line
 * of JSON, with the memory in use after each epoch, and the message of an error to stderr.
 */
import { train } from "./train.ts";
import { quickOptions, quickSigns, statefulNet } from "./training-fixture.ts";
import type { TrainingEvent } from "./training-run.ts";

const [data = "", out = "", changes = "{}"] = process.argv.slice(2);
const { architecture, ...others } = JSON.parse(changes);

function onEvent(event: TrainingEvent): void {
  if (event.type === "epoch") globalThis.gc?.();
  const memory = event.type === "epoch" ? process.memoryUsage() : undefined;
  process.stdout.write(`${JSON.stringify({ ...event, memory })}\n`);
}

try {
  const named = architecture === statefulNet.name ? statefulNet : quickSigns;
  await train(quickOptions(data, out, { ...others, architecture: named, onEvent }));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
