#!/usr/bin/env node
import { setFlagsFromString } from "node:v8";

// A service is several threads that make little garbage each, and a Pi has little memory. With the usual 16 MB of young
// generation everything in one process took 40 MB more, and where V8 prefers speed to size another 45, for a heap that
// grows in larger steps; pictures are decoded as fast as before. Training makes much garbage, and keeps what is usual.
if (!["train", "evaluate"].includes(process.argv[2] ?? "")) {
  setFlagsFromString("--max-semi-space-size=2");
  setFlagsFromString("--optimize-for-size");
}

// The command is run from its TypeScript sources. Node strips the types by itself from 22.18 on; before that tsx does.
if (!("typescript" in process.features && process.features.typescript)) {
  const { register } = await import("tsx/esm/api");
  register();
}
await import("../src/main.ts");
