import { EXIT } from "./failure.ts";
import { Interrupted } from "./usage.ts";

/**
 * Runs work that Ctrl-C ends gently: the first one aborts the signal, the second ends the process at once.
 *
 * @param onInterrupt called at the first Ctrl-C
 * @throws Interrupted when the work fails after that
 */
export async function withInterrupt<T>(
  work: (signal: AbortSignal) => Promise<T>,
  onInterrupt: () => void = () => {},
): Promise<T> {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    onInterrupt();
    controller.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    const isPlain = error === controller.signal.reason || !(error instanceof Error);
    throw new Interrupted(isPlain ? "interrupted" : `interrupted: ${error.message}`, { cause: error });
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}
