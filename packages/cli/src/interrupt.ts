import { EXIT } from "./failure.ts";
import { Interrupted } from "./usage.ts";

export interface InterruptOptions {
  /** Called at the first Ctrl-C. */
  readonly onInterrupt?: () => void;
  /** What to say when the work ended without a result because of it. Default `interrupted`. */
  readonly message?: string;
}

/**
 * Runs work that Ctrl-C ends gently: the first one aborts the signal, the second ends the process at once.
 *
 * @throws Interrupted when the work fails after that
 */
export async function withInterrupt<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { onInterrupt, message = "interrupted" }: InterruptOptions = {},
): Promise<T> {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    onInterrupt?.();
    controller.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    const isPlain = error === controller.signal.reason || !(error instanceof Error);
    throw new Interrupted(isPlain ? message : `interrupted: ${error.message}`, { cause: error });
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}
