/** The thread of the pool, except that it dies of one region of interest, and never ends with another. */
import { parentPort } from "node:worker_threads";
import type { ToThread } from "../inference-messages.ts";

/** The height of the regions that do it. */
const DEADLY = 0.0625;
const ENDLESS = 0.125;

parentPort?.on("message", (message: ToThread) => {
  const height = message.type === "job" && message.job.roi !== "default" ? message.job.roi[3] : undefined;
  if (height === DEADLY) process.exit(1);
  while (height === ENDLESS);
});
await import("../inference-thread-entry.ts");
