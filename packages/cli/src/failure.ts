import { fileReason, systemReason } from "@beckon/vision/system-reason";
import { oneLine } from "./output.ts";
import { Interrupted, PartialFailure, UsageError } from "./usage.ts";

/** Exit codes, as the README lists them. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** What is said on stderr, and the exit code. */
export interface Outcome {
  readonly text: string | undefined;
  readonly code: number;
}

/** Errors whose message was written for the user. By name, so that no heavy module is loaded just to compare. */
const EXPECTED = new Set([
  "BundleError",
  "CheckpointError",
  "CommandFailure",
  "DatasetError",
  "EngineUnavailable",
  "OnnxFileError",
  "PictureError",
  "ServiceFailure",
  "SubscriptionRefused",
  "TrainingError",
  "UnknownArchitecture",
]);

/** Turns whatever a command threw into words and an exit code. Only what nobody expected shows its stack. */
export function outcomeOf(error: unknown): Outcome {
  if (error instanceof PartialFailure) return { text: undefined, code: EXIT.failed };
  if (error instanceof UsageError) return { text: `beckon: ${oneLine(error.message)}`, code: EXIT.usage };
  if (!(error instanceof Error)) return { text: `beckon: ${oneLine(String(error))}`, code: EXIT.failed };
  if (error instanceof Interrupted) return { text: `beckon: ${oneLine(error.message)}`, code: EXIT.interrupted };
  // Every fault of a configuration has a line of its own.
  if (error.name === "ConfigError")
    return {
      text: error.message
        .split("\n")
        .map((line) => `beckon: ${oneLine(line)}`)
        .join("\n"),
      code: EXIT.failed,
    };
  if (EXPECTED.has(error.name)) return { text: `beckon: ${oneLine(error.message)}`, code: EXIT.failed };
  const system = systemFailure(error);
  if (system !== undefined) return { text: `beckon: ${oneLine(system)}`, code: EXIT.failed };
  return { text: `beckon: unexpected error, please report it\n${error.stack ?? error.message}`, code: EXIT.failed };
}

/** `runs/x/last.checkpoint: no space left on the disk; ...` for an error of the file system, else undefined. */
function systemFailure(error: NodeJS.ErrnoException): string | undefined {
  if (systemReason(error) === undefined) return undefined;
  return error.path === undefined ? fileReason(error) : `${error.path}: ${fileReason(error)}`;
}
