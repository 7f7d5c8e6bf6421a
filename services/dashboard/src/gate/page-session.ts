import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { type Packet, parser } from "mqtt-packet";
import type { WebSocket } from "ws";
import type { GateLoss } from "./gate-loss.ts";
import { PacketSplitter, type WholePacket } from "./packet-splitter.ts";
import { connack, PACKET, RETURN_CODE } from "./packet-types.ts";
import { PageOutbox } from "./page-outbox.ts";
import { PageRules, shown, type Verdict } from "./page-rules.ts";

export interface GateLimits {
  /** Pages at once, and those of one address that the broker has not let in yet. */
  readonly pages: number;
  readonly strangers: number;
  /** Ms until a page's CONNECT, and from there until the broker's answer. */
  readonly loginMs: number;
  /** Most bytes of one WebSocket message, of a frame, and of every other payload. */
  readonly messageBytes: number;
  readonly frameBytes: number;
  readonly commandBytes: number;
  /** Bytes that a page may leave unread before messages of QoS 0 are dropped, and before it is disconnected. */
  readonly slowBytes: number;
  readonly stuckBytes: number;
  /** Ms that the broker may leave what a page sends untaken. */
  readonly stuckMs: number;
}

export interface PageSessionOptions {
  readonly address: string;
  readonly prefix: string;
  /** Nobody comes in without a user's name. */
  readonly requireName: boolean;
  readonly limits: GateLimits;
  /** Opens a raw connection to the broker. */
  readonly visit: () => Duplex;
  readonly lost: (loss: GateLoss, detail: string) => void;
  /** Called once, when the page is let in by the broker. */
  readonly admitted: () => void;
}

/** Beside a payload: a topic and an identifier. */
const HEADER_BYTES = 1024;
/**
 * In one message of WebSocket mqtt.js sends one packet, or what it had to hold back. A message is heard to its end before
 * anybody else is: the million pings that fit in one would keep the whole process waiting for seconds.
 */
const MOST_PACKETS_A_MESSAGE = 1024;
/** How long a page, or the broker, may take to close its side. */
const GOODBYE_MS = 1000;

/** One page and its own connection to the broker, from the WebSocket's opening to its end. */
export class PageSession {
  readonly #socket: WebSocket;
  readonly #options: PageSessionOptions;
  readonly #rules: PageRules;
  readonly #outbox: PageOutbox;
  readonly #parser = parser({ protocolVersion: 4 });
  readonly #fromPage: PacketSplitter;
  readonly #fromBroker: PacketSplitter;
  #parsed: Packet | undefined;
  #broker: Duplex | undefined;
  #isOpen = false;
  #ended = false;
  #packetsOfMessage = 0;
  #deadline: NodeJS.Timeout | undefined;
  #stuck: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, options: PageSessionOptions) {
    const { limits, prefix } = options;
    this.#socket = socket;
    this.#options = options;
    this.#rules = new PageRules({ prefix, frameBytes: limits.frameBytes, commandBytes: limits.commandBytes });
    this.#outbox = new PageOutbox(socket, limits, (loss) => {
      if (loss === "stuck-page") this.#end(loss, "reads nothing; disconnected");
      else this.#complain(loss, "reads too slowly, and misses messages");
    });
    this.#fromPage = new PacketSplitter({
      limit: (type) => this.#limitFor(type),
      oversized: (type) => {
        if (this.#isStranger && type !== PACKET.connect) this.#end("refused-connect", "something else before CONNECT");
        else this.#end("too-large", "announces more than is allowed");
        return false;
      },
      malformed: () => this.#end("malformed", "a length that is none"),
      packet: (packet) => this.#heardPage(packet),
    });
    this.#fromBroker = new PacketSplitter({
      limit: () => limits.frameBytes + HEADER_BYTES,
      oversized: (type) => {
        if (type === PACKET.publish)
          this.#complain("too-large", "a message of the broker is more than a page is given");
        else this.#end("bad-broker", `the broker announces too much, in a packet of type ${type}`);
        return type === PACKET.publish;
      },
      malformed: () => this.#end("bad-broker", "the broker sent a length that is none"),
      packet: (packet) => this.#heardBroker(packet),
    });
    this.#listen();
    this.#expect(() => this.#end("silent", `no CONNECT within ${limits.loginMs} ms`));
  }

  /** Ends it, as when the service stops. */
  close(): void {
    this.#end();
  }

  #listen(): void {
    this.#parser.on("packet", (packet) => {
      this.#parsed = packet;
    });
    // What is no packet is seen from there being none.
    this.#parser.on("error", () => {});
    const socket = this.#socket;
    socket.on("message", (data: Buffer, isBinary) => {
      if (this.#ended) return;
      this.#packetsOfMessage = 0;
      if (isBinary) this.#fromPage.push(data);
      else this.#end("malformed", "text in place of MQTT");
    });
    socket.on("pong", (data) => {
      if (!this.#ended) this.#outbox.pong(data);
    });
    socket.on("error", (error: Error & { code?: string }) => {
      const tooLarge = error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH";
      const isOfWebSocket = error.code?.startsWith("WS_ERR_") === true;
      if (tooLarge) this.#end("too-large", error.message);
      else if (isOfWebSocket) this.#end("malformed", error.message);
      else this.#end();
    });
    socket.on("close", () => this.#end());
  }

  get #isStranger(): boolean {
    return this.#broker === undefined;
  }

  /** Of a page that has not said CONNECT, nothing else is kept. */
  #limitFor(type: number): number {
    const { frameBytes, commandBytes } = this.#options.limits;
    if (this.#isStranger && type !== PACKET.connect) return -1;
    return (type === PACKET.publish ? frameBytes : commandBytes) + HEADER_BYTES;
  }

  #heardPage(whole: WholePacket): void {
    if (this.#ended) return;
    this.#packetsOfMessage += 1;
    if (this.#packetsOfMessage > MOST_PACKETS_A_MESSAGE) {
      this.#end("refused-packet", `more than ${MOST_PACKETS_A_MESSAGE} packets in one message`);
      return;
    }
    const packet = this.#parse(whole.bytes);
    if (!packet) {
      this.#end("malformed", `no packet of type ${whole.type}`);
      return;
    }
    if (this.#isStranger) this.#connect(packet);
    else if (!this.#isOpen) this.#end("refused-packet", `${packet.cmd} before the broker's answer`);
    else {
      this.#obey(this.#judged(() => this.#rules.judge(packet)));
      if (packet.cmd === "disconnect") this.#end();
    }
  }

  #connect(packet: Packet): void {
    const clientId = `${this.#options.prefix.replaceAll("/", "-")}-page-${randomBytes(8).toString("hex")}`;
    const verdict = this.#judged(() => this.#rules.connect(packet, clientId));
    if (!("pass" in verdict)) {
      this.#obey(verdict);
      return;
    }
    if (this.#options.requireName && !(packet.cmd === "connect" && packet.username)) {
      this.#refuse(RETURN_CODE.notAuthorized);
      return;
    }
    this.#expect(() => this.#noBroker("no answer"));
    try {
      this.#reach(this.#options.visit());
    } catch (error) {
      this.#noBroker((error as Error).message);
      return;
    }
    this.#toBroker(verdict.pass);
  }

  #reach(broker: Duplex): void {
    this.#broker = broker;
    broker.on("data", (chunk: Buffer) => {
      if (!this.#ended) this.#fromBroker.push(chunk);
    });
    broker.on("error", (error) => this.#brokerGone(error.message));
    broker.on("end", () => this.#brokerGone("closed by the broker"));
    broker.on("close", () => this.#brokerGone("closed by the broker"));
    broker.on("drain", () => {
      clearTimeout(this.#stuck);
      if (!this.#ended) this.#socket.resume();
    });
  }

  #heardBroker({ type, flags, bytes, bodyAt }: WholePacket): void {
    if (this.#ended) return;
    if (this.#isOpen !== (type !== PACKET.connack)) {
      this.#end("bad-broker", `the broker sent a packet of type ${type} out of turn`);
      return;
    }
    switch (type) {
      case PACKET.connack:
        this.#answered(bytes, bodyAt);
        break;
      case PACKET.publish:
        if (flags >> 1 === 0) this.#outbox.offer(bytes, bodyAt);
        else this.#outbox.send(bytes);
        break;
      case PACKET.suback: {
        if (bytes.length < bodyAt + 3) {
          this.#end("bad-broker", "a SUBACK without a code");
          break;
        }
        const id = bytes.readUInt16BE(bodyAt);
        this.#outbox.send(suback(id, this.#rules.granted(id, bytes.subarray(bodyAt + 2))));
        break;
      }
      case PACKET.puback:
      case PACKET.unsuback:
      case PACKET.pingresp:
        this.#outbox.send(bytes);
        break;
      default:
        this.#end("bad-broker", `the broker sent a packet of type ${type}`);
    }
  }

  #answered(bytes: Buffer, bodyAt: number): void {
    clearTimeout(this.#deadline);
    if (bytes.length !== bodyAt + 2) {
      this.#end("bad-broker", "a CONNACK that is none");
      return;
    }
    this.#socket.send(bytes);
    if (bytes[bodyAt + 1] === RETURN_CODE.accepted) {
      this.#isOpen = true;
      this.#options.admitted();
    } else this.#end();
  }

  #obey(verdict: Verdict): void {
    if ("end" in verdict) {
      if (verdict.returnCode !== undefined) this.#socket.send(connack(verdict.returnCode));
      this.#end(verdict.end, verdict.detail);
      return;
    }
    for (const filter of verdict.refusedFilters ?? []) this.#complain("refused-subscribe", `to ${shown(filter)}`);
    if ("answer" in verdict) this.#outbox.send(verdict.answer);
    else this.#toBroker(verdict.pass);
  }

  /** Has the page wait, and nobody else, when the broker does not take what it sends. */
  #toBroker(packet: Buffer): void {
    const broker = this.#broker;
    if (!broker || broker.destroyed || broker.writableEnded || broker.write(packet)) return;
    this.#socket.pause();
    clearTimeout(this.#stuck);
    this.#stuck = setTimeout(() => this.#end("stuck-broker", "takes nothing"), this.#options.limits.stuckMs);
  }

  #brokerGone(cause: string): void {
    if (this.#ended) return;
    if (this.#isOpen) this.#end();
    else this.#noBroker(cause);
  }

  #noBroker(cause: string): void {
    if (this.#ended) return;
    this.#complain("no-broker", cause);
    this.#refuse(RETURN_CODE.unavailable);
  }

  #refuse(returnCode: number): void {
    this.#socket.send(connack(returnCode));
    this.#end();
  }

  #parse(bytes: Buffer): Packet | undefined {
    this.#parsed = undefined;
    try {
      this.#parser.parse(bytes);
    } catch {
      return undefined;
    }
    return this.#parsed;
  }

  /** What cannot be written again was none, although it could be read. */
  #judged(judge: () => Verdict): Verdict {
    try {
      return judge();
    } catch (error) {
      return { end: "malformed", detail: (error as Error).message };
    }
  }

  #expect(missed: () => void): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(missed, this.#options.limits.loginMs);
  }

  #complain(loss: GateLoss, detail: string): void {
    this.#options.lost(loss, `${this.#options.address}: ${detail}`);
  }

  #end(loss?: GateLoss, detail = ""): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#stuck);
    this.#fromPage.end();
    this.#fromBroker.end();
    if (loss) this.#complain(loss, detail);
    const socket = this.#socket;
    const broker = this.#broker;
    // What it said before still goes out, and the page's last word is not cut off by a reset.
    socket.resume();
    socket.close();
    broker?.end();
    broker?.resume();
    const goodbye = setTimeout(() => {
      socket.terminate();
      broker?.destroy();
    }, GOODBYE_MS);
    goodbye.unref();
  }
}

function suback(id: number, codes: Uint8Array): Buffer {
  const length = 2 + codes.length;
  const lengthBytes = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
  return Buffer.concat([Buffer.from([PACKET.suback << 4, ...lengthBytes, id >> 8, id & 0xff]), codes]);
}
