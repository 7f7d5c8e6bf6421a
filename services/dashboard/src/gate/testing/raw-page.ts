import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";
import { WebSocket } from "ws";

/** What a page of ours says first. */
export const CONNECT: IConnectPacket = {
  cmd: "connect",
  protocolId: "MQTT",
  protocolVersion: 4,
  clean: true,
  clientId: "page",
  keepalive: 5,
};

/** A WebSocket that sends what it is told, byte for byte, and answers nothing by itself. */
export class RawPage {
  readonly socket: WebSocket;
  readonly packets: Packet[] = [];
  /** The status of an upgrade that was refused. */
  status: number | undefined;
  closed = false;
  readonly #waiting = new Set<() => void>();

  constructor(url: string, { headers = {}, protocol = "mqtt" }: { headers?: object; protocol?: string } = {}) {
    this.socket = new WebSocket(url, protocol === "" ? [] : protocol, { headers: { ...headers } });
    const parse = parser({ protocolVersion: 4 });
    parse.on("packet", (packet) => this.packets.push(packet));
    this.socket.on("message", (data: Buffer) => {
      parse.parse(data);
      this.#wake();
    });
    this.socket.on("open", () => this.#wake());
    this.socket.on("unexpected-response", (_request, response) => {
      this.status = response.statusCode ?? 0;
      this.socket.terminate();
    });
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
  }

  /** Resolves when the WebSocket is open, or will never be. */
  async opened(): Promise<this> {
    while (this.socket.readyState === WebSocket.CONNECTING && !this.closed) await this.#change();
    return this;
  }

  async ended(): Promise<void> {
    while (!this.closed) await this.#change();
  }

  send(...packets: readonly (Packet | Uint8Array)[]): void {
    for (const packet of packets) this.socket.send(packet instanceof Uint8Array ? packet : generate(packet));
  }

  /** @returns the return code of the CONNACK; undefined when it was closed without one */
  async connect(fields: Partial<IConnectPacket> = {}): Promise<number | undefined> {
    await this.opened();
    this.send({ ...CONNECT, ...fields });
    const answer = await this.next("connack");
    return answer?.cmd === "connack" ? answer.returnCode : undefined;
  }

  /** @returns the granted QoS, or 0x80, of each filter */
  async subscribe(filters: readonly string[], qos: 0 | 1 | 2 = 0, messageId = 1): Promise<readonly unknown[]> {
    this.send({ cmd: "subscribe", messageId, subscriptions: filters.map((topic) => ({ topic, qos })) });
    const answer = await this.next("suback");
    return answer?.cmd === "suback" ? answer.granted : [];
  }

  /** Waits until all that was sent before is answered. @returns false when the connection ended */
  async settle(): Promise<boolean> {
    this.send({ cmd: "pingreq" });
    return (await this.next("pingresp")) !== undefined;
  }

  /** The next packet of a kind, taken out of `packets`; undefined when the connection ends before. */
  async next(cmd: Packet["cmd"]): Promise<Packet | undefined> {
    for (;;) {
      const index = this.packets.findIndex((packet) => packet.cmd === cmd);
      if (index >= 0) return this.packets.splice(index, 1)[0];
      if (this.closed) return undefined;
      await this.#change();
    }
  }

  /** The topics and payloads of the messages that are there. */
  messages(): { topic: string; payload: string }[] {
    return this.packets.flatMap((packet) =>
      packet.cmd === "publish" ? [{ topic: packet.topic, payload: String(packet.payload) }] : [],
    );
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
