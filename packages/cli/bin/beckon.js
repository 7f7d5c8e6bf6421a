#!/usr/bin/env node
import { setFlagsFromString } from "node:v8";

const command = process.argv[2] ?? "";
// A service is several threads that make little garbage each, and a Pi has little memory: with the usual 16 MB of young
// generation everything in one process took 40 MB more. Training makes much garbage, and keeps what is usual.
if (!["train", "evaluate"].includes(command)) setFlagsFromString("--max-semi-space-size=2");
// V8 counts a frame's bytes as growth of the heap, and may collect all of it at each 8 MB of growth: of 1350 frames a second
// that took the broker half of its time, and the classifier a fifth. Where it may grow by 1.5 times as much as it holds, the
// young generation is collected first, which finds those frames for almost nothing. A classifier takes 25 MB more for it.
if (["broker", "classifier"].includes(command)) setFlagsFromString("--heap-growing-percent=150");
// When a program seems idle, V8 collects its whole heap up to three times to give memory back, and between two frames a
// classifier does seem idle: with its threads left alone the slowest frames in a hundred were 1 to 2 ms faster, for 15 MB.
if (command === "classifier") setFlagsFromString("--no-memory-reducer");
// At the pace of a camera V8 takes minutes until it compiles what each frame runs: with the usual budget, 135168, a result
// came 0.4 ms later. On Node 22 and 24 this gains nothing. Where something happens once a second, as a gesture does at a
// broker or a relay, it would be compiled just then: the slowest switches took 2 ms more.
if (command === "classifier" && Number.parseInt(process.versions.node, 10) < 22) {
  setFlagsFromString("--interrupt-budget=8000");
  // The main thread's own tidying is set up before this line; here it can only be told to do with one collection.
  setFlagsFromString("--memory-reducer-single-gc");
}
// Where V8 prefers speed to size everything in one process takes another 45 MB, for a heap that grows in larger steps. A
// classifier alone would need a fifth more of the processor for each frame, so there speed is preferred.
if (command === "up") setFlagsFromString("--optimize-for-size");

// The command is run from its TypeScript sources. Node strips the types by itself from 22.18 on; before that tsx does.
if (!("typescript" in process.features && process.features.typescript)) {
  const { register } = await import("tsx/esm/api");
  register();
}
await import("../src/main.ts");
