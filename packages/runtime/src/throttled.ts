import type { Logger } from "pino";

const EVERY_MS = 1000;
/** Reasons are a handful of words; should they ever come from outside, no more are told apart. */
const MAX_REASONS = 100;

/** Warns without flooding the log. */
export interface ThrottledLog {
  /** Once a second at most for each reason; the next warning says how many were left out. */
  warn(reason: string, message: string): void;
}

export function throttled(log: Pick<Logger, "warn">): ThrottledLog {
  const reasons = new Map<string, { at: number; left: number }>();
  return {
    warn: (reason, message) => {
      const name = reasons.has(reason) || reasons.size < MAX_REASONS ? reason : "others";
      const last = reasons.get(name);
      const at = performance.now();
      if (last && at - last.at < EVERY_MS) {
        last.left += 1;
        return;
      }
      const left = last?.left ?? 0;
      reasons.set(name, { at, left: 0 });
      log.warn({ reason }, left === 0 ? message : `${message} (and ${left} more since)`);
    },
  };
}
