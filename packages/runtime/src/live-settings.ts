import type { Settings, Topic } from "@beckon/protocol";
import type { Logger } from "pino";
import type { z } from "zod";
import type { Bus } from "./bus.ts";
import { ConfigError } from "./config/config-error.ts";
import { applySettings, hasChangeable, publicConfig } from "./config/settings.ts";
import type { KeptSettings } from "./kept-settings.ts";
import type { Stats } from "./stats.ts";
import { type ThrottledLog, throttled } from "./throttled.ts";

export interface SettingsTopics {
  readonly set: Topic<Settings>;
  readonly config: Topic<Settings>;
}

type Listener<C> = (config: C) => void | Promise<void>;

interface Surroundings<C> {
  readonly bus: Bus;
  readonly topics: SettingsTopics;
  readonly log: Logger;
  readonly stats: Pick<Stats, "drop">;
  readonly signal: AbortSignal;
  /** Where changes outlive the process. */
  readonly kept?: Pick<KeptSettings<C>, "keep"> | undefined;
}

/** The configuration of a running service: shown on `/config`, changed by `/set` where the schema allows it. */
export class LiveSettings<C> {
  readonly #schema: z.ZodType<C>;
  readonly #around: Surroundings<C>;
  readonly #listeners: Listener<C>[] = [];
  readonly #warnings: ThrottledLog;
  #current: C;

  constructor(schema: z.ZodType<C>, config: C, around: Surroundings<C>) {
    this.#schema = schema;
    this.#current = config;
    this.#around = around;
    this.#warnings = throttled(around.log);
  }

  onChange(listener: Listener<C>): void {
    this.#listeners.push(listener);
  }

  /** Shows the configuration at each connection and follows `/set` until the signal. */
  async follow(): Promise<void> {
    const { bus, topics, log, signal } = this.#around;
    const forget = bus.onConnect(() => void this.#show());
    signal.addEventListener("abort", forget, { once: true });
    if (!hasChangeable(this.#schema)) return;
    const subscription = bus.subscribe(topics.set, { signal, refused: (error) => this.#refuse(error.message) });
    subscription.granted.catch((error: Error) => log.warn(`settings cannot change while this runs: ${error.message}`));
    for await (const { value, retained } of subscription) {
      if (retained) this.#refuse("it was retained, and so may be of any age");
      else await this.#apply(value);
    }
  }

  async #apply(patch: Settings): Promise<void> {
    const before = this.#current;
    try {
      const next = applySettings(this.#schema, before, patch);
      await this.#tell(next, before);
      this.#current = next;
    } catch (error) {
      this.#refuse(error instanceof ConfigError ? error.lines.join("; ") : (error as Error).message);
      return;
    }
    this.#around.log.info(`settings changed: ${Object.keys(patch).join(", ")}`);
    await this.#show();
    await this.#around.kept?.keep(this.#current);
  }

  /** All listeners take the new configuration, or all have the old one again. */
  async #tell(next: C, before: C): Promise<void> {
    const told: Listener<C>[] = [];
    try {
      for (const listener of this.#listeners) {
        told.push(listener);
        await listener(next);
      }
    } catch (error) {
      for (const listener of told.toReversed()) {
        await Promise.resolve(before)
          .then(listener)
          .catch((again: Error) => this.#around.log.warn(`the old settings do not come back: ${again.message}`));
      }
      throw error;
    }
  }

  #refuse(why: string): void {
    this.#around.stats.drop("bad-set");
    this.#warnings.warn("bad-set", `settings refused: ${why}`);
  }

  #show(): Promise<boolean> {
    const { bus, topics } = this.#around;
    return bus.publish(topics.config, publicConfig(this.#schema, this.#current));
  }
}
