import type { Duplex } from "node:stream";
import type { Topic, TopicFilter } from "@beckon/protocol";
import type { Logger } from "pino";
import { type Asked, distrust, fought, refusal, refusesVersion } from "./broker-refusal.ts";
import { brokerUrl } from "./broker-url.ts";
import type { Bus, SubscribeOptions, Subscription } from "./bus.ts";
import { ClientIdWatch } from "./client-id-watch.ts";
import type { MqttConnection } from "./config/shared-config.ts";
import { noBroker } from "./dial-broker.ts";
import { type LastWill, type LinkEnd, type LinkOptions, MqttLink } from "./mqtt-link.ts";
import { reconnectDelay } from "./reconnect-delay.ts";
import { ServiceFailure } from "./service.ts";
import type { Stats } from "./stats.ts";
import { Subscriptions } from "./subscriptions.ts";
import { throttled } from "./throttled.ts";

/** An absent broker is complained of at once, and then so often. */
const WARN_EVERY_MS = 10_000;

export interface MqttBusOptions extends MqttConnection {
  readonly clientId: string;
  /** Published by the broker, retained with QoS 1, when this process goes without a goodbye. */
  readonly will?: LastWill;
  readonly log: Pick<Logger, "info" | "warn">;
  readonly stats: Pick<Stats, "drop">;
  /** Opens a connection to a broker in this process, in place of a socket; `url` only names it then. */
  readonly stream?: () => Duplex;
}

export interface MqttBus extends Bus {
  /**
   * Rejects with a `ServiceFailure` when it is of no use to go on: a refused password, a certificate that is not trusted,
   * another process with this client id. The bus does not connect again then; its subscriptions are silent until `close`.
   */
  readonly failed: Promise<never>;
}

/**
 * A bus over an MQTT broker: 5 where the broker has it, 3.1.1 where it refuses 5. It connects, and connects again, by
 * itself and for ever; nothing that was published meanwhile is sent later.
 *
 * @throws {ServiceFailure} on a URL that is none of a broker
 */
export function connectMqttBus(options: MqttBusOptions): MqttBus {
  return new ReconnectingBus(options);
}

class ReconnectingBus implements MqttBus {
  readonly failed: Promise<never>;
  readonly #options: MqttBusOptions;
  readonly #asked: Asked;
  readonly #linkOptions: Omit<LinkOptions, "version">;
  readonly #subscriptions: Subscriptions;
  readonly #clientId = new ClientIdWatch();
  readonly #connectListeners = new Set<() => void>();
  readonly #disconnectListeners = new Set<() => void>();
  #fail: (error: ServiceFailure) => void = () => {};
  #version: 4 | 5 = 5;
  #link: MqttLink | undefined;
  /** When the broker took the link; undefined while there is none. By `performance.now()`, as all times here. */
  #upSince: number | undefined;
  #downSince = performance.now();
  #warnedAt = Number.NEGATIVE_INFINITY;
  #everUp = false;
  #retry: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: MqttBusOptions) {
    this.#options = options;
    this.#linkOptions = linkOptions(options);
    const { clientId, username } = this.#linkOptions;
    const { url } = this.#linkOptions.broker;
    this.#asked = { broker: `${url.protocol}//${url.host}`, clientId, username };
    this.#subscriptions = new Subscriptions({ stats: options.stats, warnings: throttled(options.log) });
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    // It may be that nobody waits for it.
    this.failed.catch(() => {});
    this.#connect();
  }

  get connected(): boolean {
    return this.#upSince !== undefined;
  }

  get backlog(): number {
    return this.connected ? (this.#link?.backlog ?? 0) : 0;
  }

  async publish<T>(topic: Topic<T>, value: T): Promise<boolean> {
    if (!this.connected || !this.#link) return false;
    return this.#link.publish(topic.path, topic.codec.encode(value), topic);
  }

  subscribe<T, N extends string>(filter: TopicFilter<T, N>, options: SubscribeOptions): Subscription<T, N> {
    return this.#subscriptions.add(filter, options);
  }

  onConnect(listener: () => void): () => void {
    this.#connectListeners.add(listener);
    if (this.connected) listener();
    return () => this.#connectListeners.delete(listener);
  }

  onDisconnect(listener: () => void): () => void {
    this.#disconnectListeners.add(listener);
    return () => this.#disconnectListeners.delete(listener);
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    clearTimeout(this.#retry);
    this.#subscriptions.close();
    const link = this.#link;
    this.#link = undefined;
    // Publications that wait for their acknowledgement get it before the goodbye.
    await link?.close();
    this.#wentDown();
  }

  #connect(): void {
    try {
      this.#link = new MqttLink(
        { ...this.#linkOptions, version: this.#version },
        {
          up: () => this.#wentUp(),
          arrived: (arrival) => this.#subscriptions.arrived(arrival),
          down: (end) => this.#lost(end),
        },
      );
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#fail(new ServiceFailure(`cannot connect to ${this.#asked.broker}: ${why}`, { cause }));
    }
  }

  #wentUp(): void {
    if (!this.#link) return;
    const outage = performance.now() - this.#downSince;
    const again = this.#everUp ? ` again after ${(outage / 1000).toFixed(1)} s` : "";
    this.#options.log.info(`connected to ${this.#asked.broker}${again} (MQTT ${this.#version === 5 ? "5" : "3.1.1"})`);
    this.#everUp = true;
    this.#upSince = performance.now();
    // Subscribed before anybody hears that it is online: what they send then arrives.
    this.#subscriptions.connected(this.#link);
    for (const listener of [...this.#connectListeners]) listener();
  }

  /** @returns ms that it was up, undefined when it was not */
  #wentDown(): number | undefined {
    if (this.#upSince === undefined) return undefined;
    this.#downSince = performance.now();
    const lived = this.#downSince - this.#upSince;
    this.#upSince = undefined;
    this.#subscriptions.disconnected();
    for (const listener of [...this.#disconnectListeners]) listener();
    return lived;
  }

  #lost(end: LinkEnd): void {
    this.#link = undefined;
    const lived = this.#wentDown();
    if (this.#closed !== undefined) return;
    if (end.refused !== undefined && refusesVersion(end.refused) && this.#version === 5) {
      this.#version = 4;
      this.#connect();
      return;
    }
    const { takenOver, closedByBroker } = end;
    const failure =
      (end.refused === undefined ? undefined : refusal(end.refused, this.#asked)) ??
      distrust(end.code, this.#asked) ??
      (this.#clientId.ended({ lived, takenOver, closedByBroker }) ? fought(this.#asked) : undefined);
    if (failure) this.#fail(failure);
    else this.#retryLater(end, lived !== undefined);
  }

  #retryLater({ cause }: LinkEnd, wasUp: boolean): void {
    const at = performance.now();
    if (wasUp || at - this.#warnedAt >= WARN_EVERY_MS) {
      this.#warnedAt = at;
      const { broker } = this.#asked;
      this.#options.log.warn(
        wasUp ? `lost the broker at ${broker}: ${cause}` : `no broker at ${broker}: ${cause}; trying again and again`,
      );
    }
    this.#retry = setTimeout(() => this.#connect(), reconnectDelay(at - this.#downSince));
  }
}

/** The user and password of the options come before those in the URL. */
function linkOptions(options: MqttBusOptions): Omit<LinkOptions, "version"> {
  const { clientId, tls, will, stream } = options;
  const broker = brokerUrl(options.url);
  if (!broker) throw noBroker(options.url);
  const { url } = broker;
  const username = options.username ?? fromUrl(url.username);
  const password = options.password ?? fromUrl(url.password);
  return {
    broker,
    clientId,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls } : {}),
    ...(will ? { will } : {}),
    ...(stream ? { stream } : {}),
  };
}

function fromUrl(part: string): string | undefined {
  if (part === "") return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    // A lone percent sign is what it is.
    return part;
  }
}
