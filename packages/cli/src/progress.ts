import { oneLine } from "./output.ts";

/** Where progress is shown: a terminal, a pipe or a file. `process.stdout` and `process.stderr` are such. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** How often progress is shown. */
export interface ProgressOptions {
  /** In a pipe passing states are shown at most so often, in ms. Default 5000. */
  readonly every?: number;
  /** A clock in ms. */
  readonly now?: () => number;
}

const REDRAW_MS = 80;
const CLEAR_LINE = "\r\u001b[2K";

/** One line at the bottom that changes, and lines above it that stay. In a pipe: plain lines, and few of them. */
export class Progress {
  private readonly stream: ProgressStream;
  private readonly every: number;
  private readonly now: () => number;
  private shownAt: number;
  private drawn = false;

  constructor(stream: ProgressStream, { every = 5000, now = () => performance.now() }: ProgressOptions = {}) {
    this.stream = stream;
    this.every = stream.isTTY ? REDRAW_MS : every;
    this.now = now;
    // What is over in a moment needs no line in a pipe.
    this.shownAt = stream.isTTY ? Number.NEGATIVE_INFINITY : now();
  }

  /** Whether passing states are drawn over one another. */
  get isLive(): boolean {
    return this.stream.isTTY === true;
  }

  /** A passing state. Shown only so often; `line` is called only when it is shown. */
  update(line: () => string): void {
    const now = this.now();
    if (now - this.shownAt < this.every) return;
    this.shownAt = now;
    if (!this.stream.isTTY) {
      this.stream.write(`${oneLine(line())}\n`);
      return;
    }
    this.drawn = true;
    this.stream.write(`${CLEAR_LINE}${[...oneLine(line())].slice(0, (this.stream.columns || 80) - 1).join("")}`);
  }

  /** A line that stays. */
  print(line: string): void {
    this.clear();
    this.stream.write(`${oneLine(line)}\n`);
  }

  /** Takes the passing line away. */
  clear(): void {
    if (this.drawn) this.stream.write(CLEAR_LINE);
    this.drawn = false;
  }
}

/** `[=====>    ]`; `share` 0..1. */
export function bar(share: number, width = 20): string {
  const full = Math.min(width, Math.max(0, Math.floor(share * width)));
  const head = full < width && full > 0 ? ">" : "";
  return `[${"=".repeat(full - head.length)}${head}${" ".repeat(width - full)}]`;
}

/** A time as people say it, coarser the longer it is: `8 s`, `2 min 5 s`, `1 h 20 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 10) return `${minutes} min${whole % 60 === 0 ? "" : ` ${whole % 60} s`}`;
  const rounded = Math.round(whole / 60);
  if (rounded < 60) return `${rounded} min`;
  return `${Math.floor(rounded / 60)} h${rounded % 60 === 0 ? "" : ` ${rounded % 60} min`}`;
}

/** Seconds that the rest will take at the pace so far; undefined while there is none. */
export function timeLeft(done: number, total: number, seconds: number): number | undefined {
  return done > 0 && seconds > 0 ? (seconds / done) * Math.max(0, total - done) : undefined;
}
