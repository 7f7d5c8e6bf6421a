import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as core from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { expect, it, vi } from "vitest";
import { EngineUnavailable } from "./engine.ts";
import { startTfjs } from "./tfjs-backend.ts";

// In a file of its own: a process in which wasm has failed to start does not try again.
it("says so when wasm does not start, though the plain JavaScript backend would", async () => {
  const folder = await mkdtemp(join(tmpdir(), "beckon-wasm-"));
  await core.setBackend("cpu");
  await expect(startTfjs("tfjs-wasm", { wasmFolder: folder })).rejects.toThrow("run: npm ci");

  await writeFile(join(folder, "tfjs-backend-wasm-simd.wasm"), "no wasm");
  const silent = [vi.spyOn(console, "error"), vi.spyOn(console, "warn")].map((spy) => spy.mockReturnValue());
  await expect(startTfjs("tfjs-wasm", { wasmFolder: folder })).rejects.toThrow(EngineUnavailable);
  for (const spy of silent) spy.mockRestore();
  await rm(folder, { recursive: true });
});
