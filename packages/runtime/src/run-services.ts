import { aborted } from "./aborted.ts";
import { type RunOptions, runService } from "./run-service.ts";
import type { Service } from "./service.ts";
import { ServiceFailure } from "./service.ts";

/** What one of several services in a process is told. */
export interface Part {
  readonly signal: AbortSignal;
  readonly ready: () => void;
}

/** A service with all it needs but the moment to start and stop. */
export interface Runnable {
  readonly name: string;
  /** The others wait until it is ready: it is what they connect to, say. */
  readonly first: boolean;
  run(part: Part): Promise<void>;
}

/** @param options read when the service starts, so that they may hold what came of the ones before: the broker's URL */
export function runnable<C>(service: Service<C>, options: () => Omit<RunOptions<C>, "signal">): Runnable {
  return {
    name: service.kind,
    first: service.host !== undefined,
    run: ({ signal, ready }) => {
      const given = options();
      const told = (address?: string): void => {
        given.ready?.(address);
        ready();
      };
      return runService(service, { ...given, signal, ready: told });
    },
  };
}

interface Running {
  readonly stop: AbortController;
  /** Never rejects. */
  readonly ended: Promise<void>;
}

/**
 * Runs several services in one process: those that the others wait for first, then these in their order. They stop in the
 * reverse order, at the signal or when one of them cannot go on; one that ends by itself leaves the others running.
 *
 * @throws what the first one that failed threw
 */
export async function runTogether(services: readonly Runnable[], signal: AbortSignal): Promise<void> {
  const running: Running[] = [];
  const failures: unknown[] = [];
  let giveUp = (): void => {};
  const over = new Promise<void>((resolve) => {
    giveUp = resolve;
  });
  void aborted(signal).then(giveUp);
  const start = (service: Runnable): Promise<void> => {
    const stop = new AbortController();
    let ready = (): void => {};
    const isReady = new Promise<void>((resolve) => {
      ready = resolve;
    });
    const ended = (async () => service.run({ signal: stop.signal, ready }))().catch((error: unknown) => {
      failures.push(error);
      giveUp();
    });
    running.push({ stop, ended });
    return Promise.race([isReady, ended, over]);
  };
  const ordered = [...services.filter(({ first }) => first), ...services.filter(({ first }) => !first)];
  for (const service of ordered) {
    if (signal.aborted || failures.length > 0) break;
    const started = start(service);
    if (service.first) await started;
  }
  await Promise.race([over, Promise.all(running.map(({ ended }) => ended))]);
  for (const { stop, ended } of running.toReversed()) {
    stop.abort();
    await ended;
  }
  if (failures.length > 0) throw failures[0];
}

/** Where a process listens to its signals, and what it does when it must go at once. */
export interface ProcessEnds {
  on(event: "SIGINT" | "SIGTERM", listener: (signal: NodeJS.Signals) => void): unknown;
  off(event: "SIGINT" | "SIGTERM", listener: (signal: NodeJS.Signals) => void): unknown;
  exit(code: number): void;
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
/** As shells have it: 128 and the number of the signal. */
const EXIT_CODES: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/**
 * Runs until it ends or the process is told to stop; told twice, the process goes at once. The only place that touches the
 * signals of the process.
 *
 * @returns the exit code: 0 when it ended or was stopped, 1 after a failure whose line was said
 * @throws what nobody expected
 */
export async function runUntilSignal(
  run: (signal: AbortSignal) => Promise<void>,
  say: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
  ends: ProcessEnds = process,
): Promise<number> {
  const stop = new AbortController();
  const listener = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) ends.exit(EXIT_CODES[signal] ?? 1);
    stop.abort();
  };
  for (const signal of SIGNALS) ends.on(signal, listener);
  try {
    await run(stop.signal);
    return 0;
  } catch (error) {
    if (!(error instanceof ServiceFailure)) throw error;
    for (const line of error.message.split("\n")) say(`beckon: ${line}`);
    return 1;
  } finally {
    for (const signal of SIGNALS) ends.off(signal, listener);
  }
}
