import { createTopics, type Grant, mayPublish, maySubscribe } from "@beckon/protocol";
import { generate, type IConnectPacket, type IPublishPacket, type ISubscribePacket, type Packet } from "mqtt-packet";
import type { GateLoss } from "./gate-loss.ts";
import { RETURN_CODE, unsuback } from "./packet-types.ts";

/** Whoever has a page of ours is at home: what may be done with one is what an admin may. */
const GRANT: Grant = { role: "admin" };
/** MQTT 3.1.1 as the CONNECT names it (3.1.2.2). */
const LEVEL = 4;
const REFUSED = 0x80;
/** Seconds; without one, a page that is gone would stay for the broker. */
const MAX_KEEPALIVE_S = 60;
const MAX_FILTERS = 256;
const MAX_FILTER_LENGTH = 256;
/** SUBSCRIBEs of one page that wait for their answer. */
const MAX_ASKED = 64;

/** What becomes of a packet of a page. `end` ends the connection, after `answer` where there is one. */
export type Verdict =
  | { readonly pass: Buffer; readonly refusedFilters?: readonly string[] }
  | { readonly answer: Buffer; readonly refusedFilters?: readonly string[] }
  | { readonly end: GateLoss; readonly detail: string; readonly returnCode?: number };

export interface PageRulesOptions {
  /** Of the topics. */
  readonly prefix: string;
  /** Most bytes of a frame, and of every other payload. */
  readonly frameBytes: number;
  readonly commandBytes: number;
}

/**
 * What one page may say to the broker. Nothing of what it sends is passed on as it is: a packet that may pass is written
 * anew from what was understood of it, so that no broker reads anything else in its bytes.
 */
export class PageRules {
  readonly #options: PageRulesOptions;
  readonly #frames;
  readonly #filters = new Set<string>();
  /** By the identifier of a SUBSCRIBE of which a part passed: for each of its filters whether it did. */
  readonly #asked = new Map<number, readonly boolean[]>();
  #camera: string | undefined;

  constructor(options: PageRulesOptions) {
    this.#options = options;
    this.#frames = createTopics(options.prefix).frame.matching();
  }

  /**
   * @param packet the first one
   * @param clientId in place of the page's own: another's would end that other one's connection
   */
  connect(packet: Packet, clientId: string): Verdict {
    if (packet.cmd !== "connect") return { end: "refused-connect", detail: `${packet.cmd} before CONNECT` };
    if (packet.protocolVersion !== LEVEL || packet.protocolId !== "MQTT")
      return { end: "refused-connect", detail: "not MQTT 3.1.1", returnCode: RETURN_CODE.badVersion };
    const refusal = connectRefusal(packet);
    if (refusal !== undefined) return { end: "refused-connect", detail: refusal };
    const { keepalive = 0, username, password } = packet;
    return {
      pass: generate({
        cmd: "connect",
        protocolId: "MQTT",
        protocolVersion: LEVEL,
        clean: true,
        clientId,
        keepalive,
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password }),
      }),
    };
  }

  /** @param packet any but the first one */
  judge(packet: Packet): Verdict {
    switch (packet.cmd) {
      case "publish":
        return this.#publish(packet);
      case "subscribe":
        return this.#subscribe(packet);
      case "unsubscribe":
        return this.#unsubscribe(packet.unsubscriptions, packet.messageId);
      case "puback": {
        const { messageId } = packet;
        return isId(messageId) ? { pass: generate({ cmd: "puback", messageId }) } : BAD_ID;
      }
      case "pingreq":
        return { pass: generate({ cmd: "pingreq" }) };
      case "disconnect":
        return { pass: generate({ cmd: "disconnect" }) };
      default:
        return { end: "refused-packet", detail: packet.cmd };
    }
  }

  /**
   * Adds to a SUBACK of the broker the filters that never came to it.
   *
   * @param codes as the broker gave them
   * @returns as the page must get them: one for each filter that it asked for
   */
  granted(id: number, codes: Uint8Array): Uint8Array {
    const passed = this.#asked.get(id);
    if (!passed) return codes;
    this.#asked.delete(id);
    let next = 0;
    return Uint8Array.from(passed, (was) => (was ? (codes[next++] ?? REFUSED) : REFUSED));
  }

  #publish({ topic, payload, qos, retain, messageId }: IPublishPacket): Verdict {
    const { prefix, frameBytes, commandBytes } = this.#options;
    if (qos > 1) return { end: "refused-packet", detail: "QoS 2" };
    if (qos > 0 && !isId(messageId)) return BAD_ID;
    if (retain) return { end: "refused-publish", detail: `retained, to ${shown(topic)}` };
    if (!mayPublish(GRANT, prefix, topic)) return { end: "refused-publish", detail: `to ${shown(topic)}` };
    const camera = this.#frames.match(topic)?.camera;
    if (Buffer.byteLength(payload) > (camera === undefined ? commandBytes : frameBytes))
      return { end: "too-large", detail: `to ${shown(topic)}` };
    if (camera !== undefined) {
      this.#camera ??= camera;
      if (camera !== this.#camera)
        return { end: "second-camera", detail: `${shown(camera)}, after ${shown(this.#camera)}` };
    }
    const identified = qos > 0 && messageId !== undefined ? { messageId } : {};
    return { pass: generate({ cmd: "publish", topic, payload, qos, retain: false, dup: false, ...identified }) };
  }

  #subscribe({ subscriptions, messageId }: ISubscribePacket): Verdict {
    if (!isId(messageId) || subscriptions.length === 0) return BAD_ID;
    const allowed = subscriptions.map(({ topic }) => this.#takeFilter(topic));
    const passed = subscriptions.filter((_, index) => allowed[index]);
    const refusedFilters = subscriptions.filter((_, index) => !allowed[index]).map(({ topic }) => topic);
    if (passed.length === 0) {
      const granted = subscriptions.map(() => REFUSED);
      return { answer: generate({ cmd: "suback", messageId, granted }), refusedFilters };
    }
    if (refusedFilters.length > 0) {
      if (this.#asked.size >= MAX_ASKED) return { end: "refused-packet", detail: "too many subscriptions at once" };
      this.#asked.set(messageId, allowed);
    } else this.#asked.delete(messageId);
    const asked = passed.map(({ topic, qos }) => ({ topic, qos: qos === 0 ? (0 as const) : (1 as const) }));
    return { pass: generate({ cmd: "subscribe", messageId, subscriptions: asked }), refusedFilters };
  }

  #unsubscribe(filters: readonly string[], messageId: number | undefined): Verdict {
    if (!isId(messageId) || filters.length === 0) return BAD_ID;
    // One that it never had is acknowledged too (MQTT 3.1.1, 3.10.4).
    const own = filters.filter((filter) => this.#filters.delete(filter));
    if (own.length === 0) return { answer: unsuback(messageId) };
    return { pass: generate({ cmd: "unsubscribe", messageId, unsubscriptions: own }) };
  }

  #takeFilter(filter: string): boolean {
    const { prefix } = this.#options;
    if (filter.length > MAX_FILTER_LENGTH || !filter.startsWith(`${prefix}/`)) return false;
    if (!this.#filters.has(filter) && this.#filters.size >= MAX_FILTERS) return false;
    if (!maySubscribe(GRANT, prefix, filter)) return false;
    this.#filters.add(filter);
    return true;
  }
}

const BAD_ID: Verdict = { end: "malformed", detail: "a packet without what it must have" };

function isId(id: number | undefined): id is number {
  return id !== undefined && id > 0;
}

function connectRefusal({ will, clean, keepalive = 0 }: IConnectPacket): string | undefined {
  if (will) return "a last will";
  if (!clean) return "a lasting session";
  if (keepalive < 1 || keepalive > MAX_KEEPALIVE_S) return `a keepalive of ${keepalive} s`;
  return undefined;
}

/** What a stranger wrote, for the log. */
export function shown(text: string): string {
  return JSON.stringify(text.slice(0, 128));
}
