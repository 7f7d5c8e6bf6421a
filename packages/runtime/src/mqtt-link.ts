import type { Duplex } from "node:stream";
import { type IClientOptions, MqttClient } from "mqtt";
import type { BrokerUrl } from "./broker-url.ts";
import type { TlsFiles } from "./config/shared-config.ts";
import { dial } from "./dial-broker.ts";
import type { Arrival } from "./inbox.ts";
import { MqttStream } from "./mqtt-wire/mqtt-stream.ts";
import { PacketScanner } from "./mqtt-wire/packet-scanner.ts";
import { encodePuback, encodePublish, type MqttVersion, type ReadPublish } from "./mqtt-wire/publish-packet.ts";

/**
 * Seconds between two signs of life. mqtt.js asks after them and gives up half of them later (its KeepaliveManager), so
 * that a link without an end is noticed within 4.5 s; brokers give up after 1.5 of them (MQTT 3.1.1, 3.1.2.10).
 */
const KEEPALIVE_S = 3;
/** From the first packet of TCP to the broker's yes. */
const CONNECT_MS = 4500;
/** How long a goodbye may take: QoS 1 that waits for its acknowledgement, then DISCONNECT. */
const GOODBYE_MS = 1000;

const SESSION_TAKEN_OVER = 0x8e;

export interface LastWill {
  readonly topic: string;
  readonly payload: Uint8Array;
}

export interface LinkOptions {
  readonly broker: BrokerUrl;
  readonly version: MqttVersion;
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: TlsFiles;
  /** Published by the broker, retained, when the link ends without a goodbye. */
  readonly will?: LastWill;
  /** In place of a socket. */
  readonly stream?: () => Duplex;
}

/** How a link, or the attempt at one, ended. */
export interface LinkEnd {
  /** CONNACK's code, when it was a no. */
  readonly refused?: number;
  /** Of an error of the socket. */
  readonly code?: string;
  readonly takenOver: boolean;
  readonly closedByBroker: boolean;
  /** In words, for the log. */
  readonly cause: string;
}

export interface LinkEvents {
  /** At most once. */
  up(): void;
  arrived(arrival: Arrival): void;
  /** Once, and the last. */
  down(end: LinkEnd): void;
}

/**
 * One connection to a broker, from the attempt to its end: it never comes back, and keeps nothing for another one.
 * The only file that knows mqtt.js, whose own reconnection, resubscription and stores of what was not sent are not used.
 * Messages of QoS 0 are written past it, and those of QoS 0 and 1 read past it when they come whole: at the pace of a
 * camera it takes 0.1 ms for one each way, at the pace of a hand half a millisecond.
 */
export class MqttLink {
  readonly #version: MqttVersion;
  readonly #stream: MqttStream;
  readonly #client: MqttClient;
  readonly #events: LinkEvents;
  /** Publications that are on their way: mqtt.js forgets them without a word when the broker closes. */
  readonly #unsettled = new Set<(sent: boolean) => void>();
  /** Those of QoS 0 that wait until the socket has taken what it holds. */
  readonly #undrained = new Set<(sent: boolean) => void>();
  /** Messages of QoS 1 that are acknowledged at the end of this turn, by their packet identifiers. */
  #taken: number[] = [];
  #end: { -readonly [part in keyof LinkEnd]?: LinkEnd[part] } = {};
  #leaving = false;

  /** @throws on TLS files that are none */
  constructor(options: LinkOptions, events: LinkEvents) {
    this.#events = events;
    this.#version = options.version;
    this.#stream = new MqttStream(options.stream?.() ?? dial(options.broker, options.tls), {
      version: options.version,
      scanner: new PacketScanner(),
      refused: () => {
        this.#end.cause ??= "what it sends is no MQTT";
      },
      published: (message) => this.#arrived(message),
    });
    this.#client = new MqttClient(() => this.#stream, clientOptions(options));
    this.#listen();
  }

  /** Bytes that wait in the socket. */
  get backlog(): number {
    return this.#stream.writableLength;
  }

  /** @returns true when it was handed to the socket (QoS 0) or acknowledged (QoS 1), false when the link broke before */
  publish(topic: string, payload: Uint8Array, { qos, retain }: { qos: 0 | 1; retain: boolean }): Promise<boolean> {
    if (this.#leaving || !this.#client.connected) return Promise.resolve(false);
    if (qos === 0) {
      const taken = this.#stream.write(encodePublish({ topic, payload, retain }, this.#version));
      return taken ? Promise.resolve(true) : this.#settled((settle) => this.#undrained.add(settle));
    }
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    return this.#settled((settle) => this.#client.publish(topic, bytes, { qos, retain }, (error) => settle(!error)));
  }

  /** @returns those of the filters that the broker refuses; undefined when the link broke before it answered */
  subscribe(filters: ReadonlyMap<string, 0 | 1>): Promise<readonly string[] | undefined> {
    const names = [...filters.keys()];
    const wanted = Object.fromEntries([...filters].map(([filter, qos]) => [filter, { qos }]));
    return new Promise((resolve) => {
      this.#client.subscribe(wanted, (error, _granted, packet) => {
        const codes = packet?.granted as readonly number[] | undefined;
        if (codes) resolve(names.filter((_, index) => (codes[index] ?? 0) >= 0x80));
        else resolve(error ? undefined : []);
      });
    });
  }

  unsubscribe(filters: readonly string[]): void {
    this.#client.unsubscribe([...filters]);
  }

  /** Says goodbye, so that the last will is not published. `down` is not called. */
  async close(): Promise<void> {
    this.#leaving = true;
    this.#sendAcknowledgements();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#stream.destroy();
        resolve();
      }, GOODBYE_MS);
      this.#client.end(!this.#client.connected, {}, () => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#settleAll();
  }

  #listen(): void {
    const client = this.#client;
    client.on("connect", () => {
      if (!this.#leaving) this.#events.up();
    });
    client.on("message", (path, payload, packet) => {
      // mqtt.js acknowledges this one at once, and acknowledgements keep the order of their messages (3.1.1, section 4.6).
      this.#sendAcknowledgements();
      if (!this.#leaving) this.#events.arrived({ path, payload, qos: packet.qos, retained: packet.retain });
    });
    client.on("packetreceive", (packet) => {
      if (packet.cmd !== "connack") return;
      const refused = packet.reasonCode ?? packet.returnCode ?? 0;
      if (refused > 0) this.#end.refused = refused;
    });
    client.on("disconnect", (packet) => {
      this.#end.takenOver = packet.reasonCode === SESSION_TAKEN_OVER;
      this.#end.cause ??= this.#end.takenOver
        ? "taken over by another connection"
        : `told to go (${packet.reasonCode})`;
      this.#stream.destroy();
    });
    const failed = (error: Error & { code?: unknown }): void => {
      if (typeof error.code === "string") this.#end.code ??= error.code;
      this.#end.cause ??= inWords(error);
      // After a packet that is none, mqtt.js would go on in the middle of it.
      this.#stream.destroy();
    };
    client.on("error", failed);
    this.#stream.on("error", failed);
    this.#stream.on("drain", () => {
      for (const settle of this.#undrained) settle(true);
      this.#undrained.clear();
    });
    client.once("close", () => {
      this.#settleAll();
      if (!this.#leaving) this.#events.down(this.#ended());
    });
  }

  /** A message that came whole. @returns false where mqtt.js must see it: before the broker's yes it is none of its. */
  #arrived({ topic, payload, packetId }: ReadPublish): boolean {
    if (!this.#client.connected) return false;
    // Nothing follows a goodbye, and the broker forgets with it what was not acknowledged.
    if (this.#leaving) return true;
    if (packetId !== undefined) this.#acknowledge(packetId);
    this.#events.arrived({ path: topic, payload, qos: packetId === undefined ? 0 : 1, retained: false });
    return true;
  }

  /** When whoever it is for had a turn: what it makes them send goes first, and wakes its readers first. */
  #acknowledge(packetId: number): void {
    if (this.#taken.push(packetId) === 1) setImmediate(() => this.#sendAcknowledgements());
  }

  #sendAcknowledgements(): void {
    if (this.#taken.length === 0) return;
    const acknowledgements = Buffer.concat(this.#taken.map(encodePuback));
    this.#taken = [];
    if (this.#stream.writable) this.#stream.write(acknowledgements);
  }

  #ended(): LinkEnd {
    const { takenOver = false, cause = "closed by the broker", ...rest } = this.#end;
    const closedByBroker = rest.refused === undefined && (this.#end.cause === undefined || rest.code === "ECONNRESET");
    return { ...rest, takenOver, cause, closedByBroker };
  }

  /** @returns what is settled, at the latest when the link ends */
  #settled(begin: (settle: (sent: boolean) => void) => void): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (sent: boolean): void => {
        this.#unsettled.delete(settle);
        resolve(sent);
      };
      this.#unsettled.add(settle);
      begin(settle);
    });
  }

  #settleAll(): void {
    for (const settle of this.#unsettled) settle(false);
  }
}

function clientOptions({ version, clientId, username, password, will }: LinkOptions): IClientOptions {
  return {
    clientId,
    protocolVersion: version,
    clean: true,
    keepalive: KEEPALIVE_S,
    connectTimeout: CONNECT_MS,
    reconnectPeriod: 0,
    resubscribe: false,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(will ? { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true } } : {}),
  };
}

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "no way to that host",
  ENETUNREACH: "no network",
  ENOTFOUND: "unknown host name",
  EAI_AGAIN: "the host name cannot be looked up",
  ETIMEDOUT: "no answer",
};

/** How mqtt.js and ws say that nothing came. */
const SILENCES = ["connack timeout", "Keepalive timeout", "Opening handshake has timed out"];

function inWords(error: Error & { code?: unknown }): string {
  const known = typeof error.code === "string" ? CAUSES[error.code] : undefined;
  if (known) return known;
  if (SILENCES.includes(error.message)) return "no answer";
  return (error.message || String(error.code)).replace(/\p{C}+/gu, " ").slice(0, 200);
}
