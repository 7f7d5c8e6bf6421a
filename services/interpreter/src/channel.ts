import type { Result } from "@beckon/protocol";
import { SenderClock, type StatsPart } from "@beckon/runtime";
import { type Input, type Interpretation, interpret, NOTHING_KNOWN, type Output, type Rules, restOf } from "./core.ts";

/** One camera as one model sees it: the order and age of its results, and what they amount to. */
export class Channel {
  readonly camera: string;
  readonly model: string;
  readonly #clock: SenderClock;
  readonly #stats: StatsPart;
  #state: Interpretation = NOTHING_KNOWN;
  #lastArrival: number;

  constructor({ camera, model }: Pick<Result, "camera" | "model">, maxAge: number, stats: StatsPart, now: number) {
    this.camera = camera;
    this.model = model;
    this.#clock = new SenderClock({ maxAge });
    this.#stats = stats;
    this.#lastArrival = now;
  }

  /** Results arrive. */
  get live(): boolean {
    return this.#state.last !== undefined;
  }

  /** The frame that was heard of last; undefined while not live. */
  get last(): Interpretation["last"] {
    return this.#state.last;
  }

  /** Ms that the hand has rested, by the camera's clock. */
  get rest(): number {
    return restOf(this.#state);
  }

  /** Ms since anything arrived. */
  silence(now: number): number {
    return now - this.#lastArrival;
  }

  /** @returns what is to be published; undefined when the result is dropped, which is counted by its reason */
  take(result: Result, now: number, rules: Rules): readonly Output[] | undefined {
    this.#lastArrival = now;
    const timing = this.#clock.accept(result, now);
    if (timing.untimely !== undefined) {
      this.#stats.drop(timing.untimely);
      return undefined;
    }
    this.#stats.count("interpreted");
    if (timing.gap > 0) this.#stats.count("gap", timing.gap);
    this.#stats.time("age", timing.age);
    return this.#step({ type: "result", result, now }, rules);
  }

  /** Time passes, or the service stops. */
  pass(type: "tick" | "stop", now: number, rules: Rules): readonly Output[] {
    return this.#step({ type, now }, rules);
  }

  #step(input: Input, rules: Rules): readonly Output[] {
    const { state, outputs } = interpret(this.#state, input, rules);
    this.#state = state;
    return outputs;
  }
}
