import { now } from "@beckon/runtime";

/** Between two warnings for one reason, in ms. */
const PAUSE_MS = 1000;

/** Warns once a second at most for each reason, and says with the next one how many it kept to itself. */
export function throttledWarnings(warn: (message: string) => void): (reason: string, message: string) => void {
  const reasons = new Map<string, { warnedAt: number; kept: number }>();
  return (reason, message) => {
    const last = reasons.get(reason);
    if (last && now() - last.warnedAt < PAUSE_MS) {
      last.kept += 1;
      return;
    }
    reasons.set(reason, { warnedAt: now(), kept: 0 });
    warn(last?.kept ? `${message} (and ${last.kept} more of this kind)` : message);
  };
}
