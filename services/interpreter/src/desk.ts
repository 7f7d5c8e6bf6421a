import type { Gesture, Result, SpelledText, Topic } from "@beckon/protocol";
import { type Message, now, rounded, type ServiceContext } from "@beckon/runtime";
import { Channel } from "./channel.ts";
import { type InterpreterConfig, thresholdsOf } from "./config.ts";
import type { Output, Rules } from "./core.ts";
import { NOTHING_SPELLED, type Spelling, spell, type TextInput } from "./text.ts";

/** Names come from the network: so many cameras times models are followed at once, the rest is dropped by count. */
const MAX_CHANNELS = 256;
/** A channel silent for so long gives up its place, in ms. */
const FORGET_AFTER_MS = 60_000;

/** All channels, what is spelled on each camera, and the way out. */
export class Desk {
  readonly #context: ServiceContext<InterpreterConfig>;
  readonly #channels = new Map<string, Channel>();
  readonly #spellings = new Map<string, Spelling>();
  readonly #sending = new Set<Promise<void>>();
  readonly #rules = new Map<string, Rules>();
  #config: InterpreterConfig;

  constructor(context: ServiceContext<InterpreterConfig>) {
    this.#context = context;
    this.#config = context.config;
    context.stats.gauge("channels", () => this.#channels.size);
  }

  change(config: InterpreterConfig): void {
    this.#config = config;
    this.#rules.clear();
  }

  take(message: Message<Result, "camera" | "model">): void {
    const { stats } = this.#context;
    stats.count("received");
    const channel = this.#channelOf(message);
    if (typeof channel === "string") stats.drop(channel);
    else this.#interpret(channel, message);
  }

  tick(at: number): void {
    for (const [key, channel] of this.#channels) {
      this.#publish(channel, channel.pass("tick", at, this.#rulesOf(channel.model)));
      if (!channel.live && channel.silence(at) > FORGET_AFTER_MS) this.#channels.delete(key);
    }
    for (const camera of this.#spellings.keys()) this.#spell(camera, { type: "tick", now: at });
  }

  stop(at: number): void {
    for (const channel of this.#channels.values())
      this.#publish(channel, channel.pass("stop", at, this.#rulesOf(channel.model)));
  }

  /** Withdraws a retained state that this life of the service does not stand for. */
  disown(names: Readonly<Record<"camera" | "model", string>>): void {
    if (this.#channels.get(`${names.camera}/${names.model}`)?.live) return;
    const at = now();
    this.#send(this.#context.topics.state(names), { gesture: null, since: at, confidence: 0, at });
  }

  /** When all that was published is sent, or known not to be. */
  async sent(): Promise<void> {
    await Promise.all(this.#sending);
  }

  #interpret(channel: Channel, { value: result, arrivedAt }: Message<Result>): void {
    const outputs = channel.take(result, arrivedAt, this.#rulesOf(channel.model));
    if (!outputs) return;
    const interpreted = rounded(Math.max(0, now() - arrivedAt));
    this.#context.stats.part(channel.model).time("interpret", interpreted);
    this.#publish(channel, outputs, { ...result.ms, interpret: interpreted });
    this.#read(channel, outputs, arrivedAt);
  }

  /** @returns why the message is dropped, where it is */
  #channelOf({ value: result, names, arrivedAt, retained }: Message<Result, "camera" | "model">): Channel | string {
    // Whoever speaks for another camera, or keeps a result for later, is no classifier of ours.
    if (result.camera !== names.camera || result.model !== names.model) return "bad-topic";
    if (retained) return "retained";
    const key = `${result.camera}/${result.model}`;
    const known = this.#channels.get(key);
    if (known) return known;
    if (this.#channels.size >= MAX_CHANNELS) return "too-many";
    const channel = new Channel(result, this.#config.maxAge, this.#context.stats.part(result.model), arrivedAt);
    this.#channels.set(key, channel);
    return channel;
  }

  #rulesOf(model: string): Rules {
    const known = this.#rules.get(model);
    if (known) return known;
    const config = this.#config;
    const { halfLife, maxAge, never } = config;
    const rules: Rules = {
      halfLife,
      maxAge,
      never: new Set(never),
      thresholds: (gesture) => thresholdsOf(config, model, gesture),
    };
    this.#rules.set(model, rules);
    return rules;
  }

  #publish({ camera, model }: Channel, outputs: readonly Output[], ms?: Gesture["ms"]): void {
    const { topics, stats, log } = this.#context;
    for (const output of outputs) {
      if (output.topic === "state") this.#send(topics.state({ camera, model }), output.value);
      else {
        const { gesture, phase, confidence } = output.value;
        this.#send(topics.gesture({ camera, model }), ms ? { ...output.value, ms } : output.value);
        stats.part(model).count(phase === "start" ? "started" : "ended");
        log.debug({ camera, model, gesture, confidence }, phase === "start" ? `${gesture} begins` : `${gesture} ends`);
      }
    }
  }

  /** Letters that began, then the rest: a letter and a space never come of one frame. */
  #read(channel: Channel, outputs: readonly Output[], at: number): void {
    const { camera, model, last } = channel;
    if (!last || !this.#config.text.models.includes(model)) return;
    const stamp = { at: last.result.at, boot: last.result.boot, seq: last.result.seq };
    for (const output of outputs)
      if (output.topic === "gesture" && output.value.phase === "start")
        this.#spell(camera, { type: "gesture", gesture: output.value.gesture, stamp, now: at });
    this.#spell(camera, { type: "rest", ms: this.#restOf(camera), stamp });
  }

  /** A hand that one model reads does not rest, whatever the others see. */
  #restOf(camera: string): number {
    const rests = this.#config.text.models
      .map((model) => this.#channels.get(`${camera}/${model}`))
      .filter((channel) => channel?.live)
      .map((channel) => channel?.rest ?? 0);
    return rests.length > 0 ? Math.min(...rests) : 0;
  }

  #spell(camera: string, input: TextInput): void {
    const before = this.#spellings.get(camera) ?? NOTHING_SPELLED;
    const { spelling, output } = spell(before, input, this.#config.text);
    if (spelling.text === "") this.#spellings.delete(camera);
    else this.#spellings.set(camera, spelling);
    if (output) this.#tell(camera, output);
  }

  #tell(camera: string, text: SpelledText): void {
    this.#send(this.#context.topics.text({ camera }), text);
    this.#context.stats.count(text.last === "" ? "texts" : "letters");
    if (text.text !== "") this.#context.log.debug({ camera }, `reads "${text.text}"`);
  }

  #send<T>(topic: Topic<T>, value: T): void {
    const { bus, stats, log } = this.#context;
    const sending = bus.publish(topic, value).then(
      (sent) => {
        // Said once by the bus that there is no connection; here it is only counted.
        if (!sent) stats.drop("unsent");
      },
      (error: unknown) => log.error({ err: error, topic: topic.path }, "could not publish"),
    );
    this.#sending.add(sending);
    void sending.finally(() => this.#sending.delete(sending));
  }
}
