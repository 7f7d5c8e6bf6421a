import { generate } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { PageOutbox } from "./page-outbox.ts";

/** A page whose browser answers pings when it is told to. */
class Page {
  readonly sent: string[] = [];
  readonly losses: string[] = [];
  bufferedAmount = 0;
  readonly outbox: PageOutbox;
  readonly #pings: Buffer[] = [];

  constructor() {
    const socket = {
      send: (packet: Uint8Array) => this.sent.push(Buffer.from(packet).subarray(-2).toString()),
      ping: (data: Buffer) => this.#pings.push(data),
      get bufferedAmount() {
        return page.bufferedAmount;
      },
    };
    const page = this;
    this.outbox = new PageOutbox(socket as never, { slowBytes: 100_000, stuckBytes: 500_000 }, (loss) =>
      this.losses.push(loss),
    );
  }

  frame(camera: string, name: string, bytes = 70_000): void {
    const payload = Buffer.alloc(bytes);
    payload.write(name, bytes - 2);
    const packet = {
      cmd: "publish",
      topic: `beckon/${camera}/frame`,
      payload,
      qos: 0,
      dup: false,
      retain: false,
    } as const;
    // Of 70 kB, the remaining length takes three bytes.
    this.outbox.offer(generate(packet), 4);
  }

  reads(): void {
    for (const data of this.#pings.splice(0)) this.outbox.pong(data);
  }

  forges(read: number): void {
    const data = Buffer.alloc(8);
    data.writeBigUInt64BE(BigInt(read));
    this.outbox.pong(data);
  }
}

describe("what is on its way to a page", () => {
  it("is sent as it comes while the page reads", () => {
    const page = new Page();
    for (const name of ["01", "02", "03", "04", "05"]) {
      page.frame("desk", name);
      page.reads();
    }
    expect(page.sent).toEqual(["01", "02", "03", "04", "05"]);
    expect(page.outbox.unread).toBe(0);
    expect(page.losses).toEqual([]);
  });

  it("waits when the page reads slowly: the newest of each topic, every other one dropped by name", () => {
    const page = new Page();
    for (const name of ["01", "02", "03", "04"]) {
      page.frame("desk", `d${name[1]}`);
      page.frame("hall", `h${name[1]}`);
    }
    expect(page.sent).toEqual(["d1", "h1"]);
    expect(page.losses).toEqual(["slow-page", "slow-page", "slow-page", "slow-page"]);
    page.reads();
    expect(page.sent).toEqual(["d1", "h1", "d4", "h4"]);
    page.reads();
    page.frame("desk", "d5");
    expect(page.sent.at(-1)).toBe("d5");
  });

  it("is bounded in topics and bytes", () => {
    const page = new Page();
    page.frame("desk", "01");
    page.frame("desk", "02");
    for (let camera = 0; camera < 65; camera++) page.frame(`c${camera}`, "03", 20_000);
    expect(page.losses.length).toBe(1);
    const other = new Page();
    other.frame("desk", "01");
    other.frame("desk", "02");
    for (let camera = 0; camera < 10; camera++) other.frame(`c${camera}`, "03", 1_000_000);
    expect(other.losses.length).toBe(6);
  });

  it("is never held back where it must arrive, until it is too much", () => {
    const page = new Page();
    page.frame("desk", "01");
    page.frame("desk", "02");
    for (let sent = 0; sent < 4; sent++) page.outbox.send(Buffer.alloc(80_000));
    expect(page.losses).toEqual([]);
    page.outbox.send(Buffer.alloc(80_000));
    expect(page.losses).toContain("stuck-page");
  });

  it("is not believed to be read when a page says so unasked, or says it while it reads nothing", () => {
    const page = new Page();
    page.frame("desk", "01");
    page.frame("desk", "02");
    for (const read of [0, 1e9, 2 ** 52]) page.forges(read);
    page.outbox.pong(Buffer.from("hello"));
    page.frame("desk", "03");
    expect(page.sent).toEqual(["01", "02"]);
    page.bufferedAmount = 140_000;
    page.reads();
    expect(page.sent).toEqual(["01", "02"]);
  });
});
