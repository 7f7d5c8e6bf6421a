import { type ReadonlySignal, signal } from "@preact/signals";

/** As uPlot takes it: seconds since the epoch, ms from capture to result (median of the second), frames a second. */
export type HistoryColumns = readonly [number[], (number | null)[], (number | null)[]];

/** The last two minutes of a camera, by the second. */
export interface History {
  readonly columns: HistoryColumns;
  /** Counts the seconds, for whoever draws. */
  readonly version: ReadonlySignal<number>;
  /** @param ms from capture to result */
  latency(ms: number): void;
  second(now: number, fps: number): void;
}

export const HISTORY_SECONDS = 120;
/** Of one second; a flood adds nothing to a median. */
const MOST = 240;

export function createHistory(): History {
  const columns: HistoryColumns = [[], [], []];
  const version = signal(0);
  const [times, latencies, rates] = columns;
  let thisSecond: number[] = [];
  return {
    columns,
    version,
    latency: (ms) => {
      if (thisSecond.length < MOST) thisSecond.push(ms);
    },
    second: (now, fps) => {
      times.push(now / 1000);
      latencies.push(median(thisSecond));
      rates.push(fps);
      thisSecond = [];
      if (times.length > HISTORY_SECONDS) for (const column of columns) column.shift();
      version.value += 1;
    },
  };
}

/** @returns null of nothing */
export function median(values: readonly (number | null)[]): number | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}
