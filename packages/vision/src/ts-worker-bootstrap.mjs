// The first file of a worker thread on a Node that cannot run TypeScript by itself.
import { workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

register();
await import(workerData.entry);
