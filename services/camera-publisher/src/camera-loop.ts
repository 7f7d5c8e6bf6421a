import { now, type ServiceContext, ServiceFailure } from "@beckon/runtime";
import { BackOff } from "./back-off.ts";
import type { ChosenCamera } from "./config.ts";
import { type CapturedFrame, type SourceContext, SourceError } from "./frame-source.ts";
import { sleep } from "./sleep.ts";
import { mustReopen, openSource, periodOf } from "./sources/catalogue.ts";

/** A source that gives nothing for so long is started again, in ms. */
const SILENCE_MS = 10_000;
/** A source that has given frames for so long is well: its next failure is a new one, in ms. */
const HEALTHY_MS = 10_000;

type OpenSource = (live: () => ChosenCamera, context: SourceContext) => AsyncIterable<CapturedFrame>;

export interface CameraLoopOptions extends Pick<ServiceContext<unknown>, "signal" | "log"> {
  readonly name: string;
  readonly camera: ChosenCamera;
  readonly offer: (frame: CapturedFrame) => void;
  /** Called at each start of the source but the first. */
  readonly restarted: () => void;
  readonly open?: OpenSource;
  readonly backOff?: BackOff;
}

/** Keeps one camera running: opens its source, watches it, and opens it again when it fails. */
export class CameraLoop {
  readonly #options: CameraLoopOptions;
  readonly #open: OpenSource;
  readonly #backOff: BackOff;
  #camera: ChosenCamera;
  #reopening = new AbortController();
  /** The failure that was told, until frames flow again. */
  #told: string | undefined;

  constructor(options: CameraLoopOptions) {
    this.#options = options;
    this.#open = options.open ?? openSource;
    this.#backOff = options.backOff ?? new BackOff();
    this.#camera = options.camera;
  }

  readonly live = (): ChosenCamera => this.#camera;

  /** What may change while it runs; the source is opened again only where it must be. */
  change(camera: ChosenCamera): void {
    const before = this.#camera;
    this.#camera = camera;
    if (mustReopen(before, camera)) this.#reopening.abort();
  }

  /**
   * Until the signal, or until a video has ended.
   *
   * @throws {ServiceFailure} when the source cannot work here
   */
  async run(): Promise<void> {
    const { signal, log, name } = this.#options;
    while (!signal.aborted) {
      try {
        if ((await this.#watch()) === "ended") {
          log.info(`${name}: the video has ended`);
          return;
        }
      } catch (error) {
        await this.#wait(error);
      }
      if (!signal.aborted) this.#options.restarted();
    }
  }

  /** Reads the source to its end. @returns whether that was its own */
  async #watch(): Promise<"ended" | "stopped"> {
    const startedAt = now();
    this.#reopening = new AbortController();
    const silence = new AbortController();
    const signal = AbortSignal.any([this.#options.signal, this.#reopening.signal, silence.signal]);
    const watchdog = (): NodeJS.Timeout => setTimeout(() => silence.abort(), SILENCE_MS + periodOf(this.#camera));
    let timer = watchdog();
    try {
      for await (const frame of this.#open(this.live, { signal, log: this.#options.log })) {
        clearTimeout(timer);
        timer = watchdog();
        this.#flows(now() - startedAt);
        this.#options.offer(frame);
      }
    } finally {
      clearTimeout(timer);
    }
    if (silence.signal.aborted)
      throw new SourceError(`${this.#camera.source} delivered nothing for ${SILENCE_MS / 1000} s`);
    return signal.aborted ? "stopped" : "ended";
  }

  /** @param ms since the source was opened */
  #flows(ms: number): void {
    if (ms > HEALTHY_MS) this.#backOff.reset();
    if (this.#told === undefined) return;
    this.#told = undefined;
    this.#options.log.info(`${this.#options.name}: frames flow again`);
  }

  async #wait(error: unknown): Promise<void> {
    const { name, log, signal } = this.#options;
    if (signal.aborted) return;
    if (error instanceof ServiceFailure) throw new ServiceFailure(`${name}: ${error.message}`, { cause: error });
    if (!(error instanceof SourceError)) throw error;
    const ms = this.#backOff.next();
    // The same failure is told once, not at each try.
    if (this.#told !== error.message)
      log.warn(`${name}: ${error.message}; trying again, now in ${(ms / 1000).toFixed(1)} s`);
    this.#told = error.message;
    await sleep(ms, signal);
  }
}
