import {
  causeInWords,
  type Gesture,
  type GestureState,
  type RelayCause,
  type RelayCommand,
  type RelayEvent,
  type SpelledText,
  type Stages,
  type Topics,
} from "@beckon/protocol";
import {
  type Bus,
  type Message,
  now,
  rounded,
  type ServiceContext,
  type StatsPart,
  type ThrottledLog,
  throttled,
} from "@beckon/runtime";
import { CommandGate } from "./command-gate.ts";
import type { RelaySettings, Rule } from "./config.ts";
import type { RelayDriver } from "./drivers/driver.ts";
import { type EventStamp, LiveSource } from "./live-source.ts";
import { RefusalLimiter } from "./refusal-limiter.ts";
import { onTime, ruleForGesture, ruleForText, SPELLING_MODEL } from "./rules.ts";
import {
  initialState,
  type LifeLine,
  nextDeadline,
  type SwitchInput,
  type SwitchOutput,
  type SwitchState,
  step,
} from "./switch-core.ts";

/** What a command lives by: without the broker nobody could take it back. */
const BROKER = "broker";
/** Names come from the network: no more cameras and models than a home has. */
const MAX_SOURCES = 256;
/** Switches that happened without a connection, told when there is one again. */
const MAX_UNTOLD = 32;

type Seen = "camera" | "model";

export interface RelayOptions {
  readonly name: string;
  readonly settings: RelaySettings;
  /** Those of this relay. */
  readonly rules: readonly Rule[];
  readonly bus: Bus;
  readonly topics: Topics;
  readonly log: ServiceContext<unknown>["log"];
  readonly stats: StatsPart;
}

/** Where a switch came from, to tell how long it took. */
interface Origin {
  readonly arrivedAt: number;
  /** Capture, by our clock. */
  readonly capturedAt?: number;
  /** The way from capture to here, as the sender measured it. */
  readonly stages?: Stages | undefined;
}

/**
 * One relay: what reaches it is judged, the core decides, the driver obeys, and all of it is told. The driver is opened
 * by the service and closed here.
 */
export class GuardedRelay {
  readonly #options: RelayOptions;
  readonly #driver: RelayDriver;
  readonly #warnings: ThrottledLog;
  readonly #sources = new Map<string, LiveSource>();
  readonly #gate: CommandGate;
  readonly #limiter = new RefusalLimiter();
  readonly #untold: RelayEvent[] = [];
  #state: SwitchState = initialState(now());
  /** What the driver has confirmed. */
  #confirmed: { on: boolean; since: number; cause: RelayCause };
  #work: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  /** @param driver open, and off */
  constructor(options: RelayOptions, driver: RelayDriver) {
    this.#options = options;
    this.#driver = driver;
    this.#warnings = throttled(options.log);
    this.#gate = new CommandGate(options.settings);
    this.#confirmed = { on: false, since: now(), cause: { by: "start" } };
    options.stats.gauge("on", () => (this.#confirmed.on ? 1 : 0));
    // Seconds, for whoever watches that none stays on for longer than it may; without a limit there is none to show.
    options.stats.gauge("onFor", () => (this.#confirmed.on ? Math.max(0, now() - this.#confirmed.since) / 1000 : 0));
    const { maxOn } = options.settings;
    if (maxOn !== undefined) options.stats.gauge("maxOn", () => maxOn / 1000);
  }

  /** Switches off what may have been left on, and goes on trying; resolves after the first try. */
  async begin(): Promise<void> {
    this.#apply({ kind: "begin" });
    await this.#work;
  }

  /** A heartbeat of a camera's model. */
  seeState({ names, value, arrivedAt, retained }: Message<GestureState, Seen>): void {
    if (retained) return;
    const source = `${names.camera}/${names.model}`;
    const capturedAt = this.#source(source)?.beat(value, arrivedAt);
    const sees = { gesture: value.gesture, seq: value.seq ?? Number.POSITIVE_INFINITY };
    // Not every state is a sign of life, but each may tell that a gesture is no longer held.
    const aliveAt = capturedAt ?? Number.NEGATIVE_INFINITY;
    this.#apply({ kind: "alive", lifeLine: { source, aliveAt }, sees });
  }

  seeGesture({ names, value, arrivedAt, retained }: Message<Gesture, Seen>): void {
    const { camera, model } = names;
    const rule = ruleForGesture(this.#options.rules, { camera, model, gesture: value.gesture });
    if (!rule || (value.phase === "end" && rule.do !== "hold")) return;
    const source = `${camera}/${model}`;
    const cause: RelayCause = { by: "gesture", camera, model, gesture: value.gesture };
    const origin = this.#believed(source, "gesture", value, { cause, arrivedAt, retained });
    if (!origin) return;
    if (value.phase === "end") this.#apply({ kind: "release", source, gesture: value.gesture, cause }, origin);
    else this.#obey(rule, cause, { ...origin, stages: value.ms }, source, value);
  }

  seeText({ names, value, arrivedAt, retained }: Message<SpelledText, "camera">): void {
    const { camera } = names;
    const rule = ruleForText(this.#options.rules, camera, value);
    if (!rule) return;
    const model = rule.when.model ?? SPELLING_MODEL;
    const cause: RelayCause = { by: "text", camera, model, ...(rule.when.word && { word: rule.when.word }) };
    const { boot, seq, at } = value;
    if (boot === undefined || seq === undefined) {
      this.#refuse("no-source", cause);
      return;
    }
    const source = `${camera}/${model}`;
    const stamp = { boot, seq, at, phase: "text" };
    const origin = this.#believed(source, "text", stamp, { cause, arrivedAt, retained });
    if (origin) this.#obey(rule, cause, origin, source);
  }

  /** @param connectedFor ms since the connection to the broker was made */
  seeCommand({ value, arrivedAt, retained, qos }: Message<RelayCommand, "relay">, connectedFor: number): void {
    const cause: RelayCause = { by: "command", ...(value.id !== undefined && { id: value.id }) };
    // Another machine's time is compared with this one's wall clock, which is set right while we run.
    const wallTime = Date.now() - (now() - arrivedAt);
    const refusal = this.#gate.judge({ command: value, retained, qos, wallTime, connectedFor });
    if (refusal) {
      this.#refuse(refusal.reason, { ...cause, ...(refusal.detail && { detail: refusal.detail }) });
      return;
    }
    this.#apply(
      {
        kind: "want",
        on: value.state === "TOGGLE" ? "toggle" : value.state === "ON",
        cause,
        for: value.for === undefined ? undefined : value.for * 1000,
        lifeLine: { source: BROKER, aliveAt: arrivedAt },
      },
      { arrivedAt },
    );
  }

  /** To be called often while there is a connection to the broker. */
  brokerIsThere(): void {
    this.#apply({ kind: "alive", lifeLine: { source: BROKER, aliveAt: now() } });
  }

  /** The hardware may have gone off by itself. */
  driverLost(detail: string): void {
    this.#warnings.warn("driver", `${this.#options.name}: ${detail}`);
    this.#apply({ kind: "off", cause: { by: "driver", detail: detail.slice(0, 200) } });
  }

  /** Publishes what is retained, and what happened without a connection. */
  connected(): void {
    void this.#tellState();
    for (const event of this.#untold.splice(0)) void this.#tellEvent(event);
  }

  /** Off, told, and the hardware let go. */
  async close(): Promise<void> {
    this.#apply({ kind: "off", cause: { by: "stop" } });
    clearTimeout(this.#timer);
    await this.#work;
    clearTimeout(this.#timer);
    await this.#driver.close();
    // The driver has been told once more while closing, but nobody knows.
    if (this.#confirmed.on)
      this.#options.log.error(`${this.#options.name} may still be on: its driver did not confirm`);
    await this.#tellState();
  }

  #source(key: string): LiveSource | undefined {
    const known = this.#sources.get(key);
    if (known) return known;
    if (this.#sources.size >= MAX_SOURCES) {
      this.#options.stats.drop("too-many-sources");
      return undefined;
    }
    const { maxAge, sourceTimeout } = this.#options.settings;
    const source = new LiveSource({ maxAge, timeout: sourceTimeout });
    this.#sources.set(key, source);
    return source;
  }

  /** @returns nothing when the event is refused, which is told */
  #believed(
    key: string,
    stream: string,
    event: EventStamp,
    { cause, arrivedAt, retained }: { cause: RelayCause; arrivedAt: number; retained: boolean },
  ): Origin | undefined {
    const verdict = retained ? "retained" : (this.#sources.get(key)?.judge(stream, event, arrivedAt) ?? "no-source");
    if (typeof verdict === "object") return { arrivedAt, capturedAt: verdict.capturedAt };
    this.#refuse(verdict, cause);
    return undefined;
  }

  #obey(rule: Rule, cause: RelayCause, origin: Origin, source: string, gesture?: Gesture): void {
    const lifeLine: LifeLine = { source, aliveAt: origin.capturedAt ?? origin.arrivedAt };
    const held = rule.do === "hold" && gesture ? { gesture: gesture.gesture, seq: gesture.seq } : undefined;
    const on = rule.do === "toggle" ? "toggle" : rule.do !== "off";
    this.#apply({ kind: "want", on, cause, for: onTime(rule), lifeLine, held }, origin);
  }

  #apply(input: SwitchInput, origin?: Origin): void {
    const { state, outputs } = step(this.#options.settings, this.#state, input, now());
    this.#state = state;
    for (const output of outputs) {
      const its = "cause" in input && input.cause === output.cause ? origin : undefined;
      if (output.kind === "refuse") this.#refuse(output.reason, output.cause);
      else this.#work = this.#work.then(() => this.#perform(output, its));
    }
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const deadline = nextDeadline(this.#options.settings, this.#state);
    // A timer may fire a part of a millisecond early by our clock; `step` would find nothing due.
    if (deadline !== undefined)
      this.#timer = setTimeout(() => this.#apply({ kind: "tick" }), Math.max(0, Math.ceil(deadline - now())));
  }

  async #perform({ on, cause }: Extract<SwitchOutput, { kind: "switch" }>, origin: Origin | undefined): Promise<void> {
    const begun = now();
    try {
      await this.#driver.set(on);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.#warnings.warn("driver", `${this.#options.name} could not be switched ${on ? "on" : "off"}: ${detail}`);
      this.#refuse("driver", { ...cause, detail: detail.slice(0, 200) });
      this.#apply({ kind: "answer", on, ok: false, detail: detail.slice(0, 200) });
      return;
    }
    const changed = this.#confirmed.on !== on;
    if (changed) this.#confirm(on, cause, origin && this.#stages(origin, begun));
    this.#apply({ kind: "answer", on, ok: true });
  }

  #stages({ arrivedAt, capturedAt, stages }: Origin, begun: number): Stages {
    const done = now();
    // What the senders measured lacks the way between them, and what we learnt lacks the shortest way: the larger is nearer.
    const measured = (stages?.["total"] ?? 0) + (stages?.["interpret"] ?? 0);
    const before = Math.max(measured, capturedAt === undefined ? 0 : arrivedAt - capturedAt);
    const total = before + done - arrivedAt;
    this.#options.stats.time("obey", done - arrivedAt);
    this.#options.stats.time("total", total);
    return {
      ...stages,
      decide: rounded(begun - arrivedAt),
      switch: rounded(done - begun),
      total: rounded(total),
    };
  }

  #confirm(on: boolean, cause: RelayCause, ms?: Stages): void {
    const at = now();
    const from = this.#confirmed.on ? "ON" : "OFF";
    const to = on ? "ON" : "OFF";
    this.#confirmed = { on, since: at, cause };
    this.#options.stats.count("switched");
    void this.#tellEvent({ from, to, at, cause, ...(ms && { ms }) });
    void this.#tellState();
    // Last, for it is written before it returns.
    this.#options.log.info(`${this.#options.name} is ${to} ${causeInWords(cause)}`);
  }

  #refuse(reason: string, cause: RelayCause): void {
    const { name, stats } = this.#options;
    stats.drop(reason);
    const told = this.#limiter.admit(now());
    if (!told) return;
    this.#warnings.warn(
      reason,
      `${name} was to switch ${causeInWords(cause)}, and does not: ${REFUSAL_WORDS[reason] ?? reason}`,
    );
    const { suppressed } = told;
    void this.#tell({ refused: reason, at: now(), cause, ...(suppressed > 0 && { suppressed }) });
  }

  async #tellState(): Promise<void> {
    const { bus, topics, name } = this.#options;
    const { on, since, cause } = this.#confirmed;
    await bus.publish(topics.relayState({ relay: name }), { state: on ? "ON" : "OFF", since, cause });
  }

  async #tellEvent(event: RelayEvent): Promise<void> {
    if (await this.#tell(event)) return;
    this.#untold.push(event);
    if (this.#untold.length > MAX_UNTOLD) this.#untold.shift();
  }

  #tell(event: RelayEvent): Promise<boolean> {
    const { bus, topics, name } = this.#options;
    return bus.publish(topics.relayEvent({ relay: name }), event);
  }
}

/** The reasons of its events, for people; the README says more of each. */
const REFUSAL_WORDS: Readonly<Record<string, string>> = {
  retained: "the broker had kept it, so it may be old",
  reconnect: "it came just after connecting, so it may be old",
  stale: "it is too old",
  clock: "it is from the future; set the clock of its sender",
  duplicate: "it came before",
  twice: "it might come twice",
  rate: "too many come at once",
  "no-source": "its camera has not been seen alive",
  "older-boot": "it is from before its camera's last start",
  "out-of-order": "something newer came before it",
  "min-off": "it was on a moment ago",
  busy: "its driver has not answered yet",
  driver: "its driver failed",
};
