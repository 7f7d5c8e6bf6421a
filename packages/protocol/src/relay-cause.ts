import type { RelayCause } from "./payloads.ts";

/** Why a relay switched or was to, for people: `because desk shows L`. Every log and page says it in the same words. */
export function causeInWords({ by, camera, gesture, word, detail }: RelayCause): string {
  const more = detail === undefined ? "" : ` (${detail})`;
  switch (by) {
    case "gesture":
      return `because ${camera ?? "a camera"} shows ${gesture ?? "a gesture"}${more}`;
    case "text":
      return `because ${camera ?? "a camera"} has spelled ${word ?? "a word"}${more}`;
    case "command":
      return `by a command${more}`;
    case "timer":
      return "because its time is over";
    case "fail-safe":
      return `to be safe${more}`;
    case "start":
      return "as always at the start";
    case "stop":
      return "as always at the end";
    case "driver":
      return `because its driver says so${more}`;
  }
}
