#!/usr/bin/env node
// The command is run from its TypeScript sources. Node strips the types by itself from 22.18 on; before that tsx does.
if (!("typescript" in process.features && process.features.typescript)) {
  const { register } = await import("tsx/esm/api");
  register();
}
await import("../src/main.ts");
