import "./no-telemetry.ts";
import { Worker } from "node:worker_threads";

/**
 * Starts a worker thread whose entry is a TypeScript file of this repository.
 *
 * Node 20 cannot run TypeScript, and loader hooks of the main thread do not reach into worker
 * threads; so a thread starts with a small script that registers tsx and then imports the entry.
 * From Node 22.18 on types are stripped natively and the entry is started directly.
 *
 * @param entry address of the entry, from `new URL("./x.ts", import.meta.url)`
 * @param data structured-cloneable object; the thread finds it as `workerData.data`
 */
export function startTsWorker(entry: URL, data: unknown = undefined): Worker {
  const native = "typescript" in process.features && process.features.typescript;
  const file = native ? entry : new URL("./ts-worker-bootstrap.mjs", import.meta.url);
  return new Worker(file, { workerData: { entry: entry.href, data }, execArgv: [] });
}
