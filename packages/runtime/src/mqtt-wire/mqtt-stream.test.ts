import { once } from "node:events";
import { type Duplex, duplexPair } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { MqttStream, type MqttStreamOptions } from "./mqtt-stream.ts";
import { PacketScanner } from "./packet-scanner.ts";
import { encodePublish } from "./publish-packet.ts";

const PINGRESP = Buffer.from([0xd0, 0]);
const message = (payload: string | Uint8Array, retain = false): Buffer =>
  encodePublish({ topic: "a", payload, retain }, 4);

interface Opened {
  readonly near: Duplex;
  readonly far: Duplex;
  readonly stream: MqttStream;
  /** `past` and a payload, or `through` and bytes, in the order in which they came. */
  readonly came: (readonly [way: "past", payload: string] | readonly [way: "through", bytes: Buffer])[];
}

function open(options: Partial<MqttStreamOptions> = {}): Opened {
  const [near, far] = duplexPair();
  const came: Opened["came"] = [];
  const stream = new MqttStream(near, {
    version: 4,
    scanner: new PacketScanner(),
    refused: () => {},
    published: ({ payload }) => {
      came.push(["past", payload.toString()]);
      return true;
    },
    ...options,
  });
  stream.on("data", (bytes: Buffer) => came.push(["through", bytes]));
  return { near, far, stream, came };
}

async function send(far: Duplex, ...chunks: readonly Buffer[]): Promise<void> {
  for (const chunk of chunks) {
    far.write(chunk);
    await turn();
  }
}

describe("an MQTT stream", () => {
  it("hands on messages that came whole past the parser, and everything else through it", async () => {
    const { far, came } = open();
    const two = Buffer.concat([message("2"), message("3")]);
    const [head, tail] = [message("4").subarray(0, 3), message("4").subarray(3)];
    await send(far, message("1"), two, head, tail, PINGRESP, message("kept", true), message("5"));
    const through = [head, tail, PINGRESP, message("kept", true)].map((bytes) => ["through", bytes]);
    expect(came).toEqual([["past", "1"], ["past", "2"], ["past", "3"], ...through, ["past", "5"]]);
  });

  it("lets the parser have all that comes with what it must see, from there on", async () => {
    const { far, came } = open();
    const rest = Buffer.concat([PINGRESP, message("2"), message("3").subarray(0, 4)]);
    await send(far, Buffer.concat([message("1"), rest]), message("3").subarray(4), message("4"));
    expect(came).toEqual([
      ["past", "1"],
      ["through", rest],
      ["through", message("3").subarray(4)],
      ["past", "4"],
    ]);
  });

  it("hands on no more once it is closed, as it may be because of one", async () => {
    const { far, stream, came } = open({ published: () => stream.destroy() !== undefined });
    const through: Buffer[] = [];
    stream.on("data", (bytes: Buffer) => through.push(bytes));
    await send(far, Buffer.concat([message("1"), message("2")]));
    expect([came, through]).toEqual([[], []]);
  });

  it("takes no part of a payload for a message", async () => {
    const { far, came } = open();
    const outer = message(Buffer.concat([Buffer.alloc(9), message("inner")]));
    const cut = outer.length - message("inner").length;
    await send(far, outer.subarray(0, cut), outer.subarray(cut));
    expect(came.map(([way]) => way)).toEqual(["through", "through"]);
  });

  it("lets no message overtake what nobody has read yet", async () => {
    const { far, stream, came } = open();
    stream.pause();
    await send(far, PINGRESP, message("1"));
    expect(came).toEqual([]);
    stream.resume();
    await turn();
    expect(Buffer.concat(came.map(([, bytes]) => bytes as Buffer))).toEqual(Buffer.concat([PINGRESP, message("1")]));
  });

  it("lets no message overtake those that a parser is at, as it may be for several ticks", async () => {
    const { near, came } = open();
    near.push(Buffer.concat([PINGRESP, message("2")]));
    near.push(message("3"));
    await turn();
    await turn();
    expect(came.map(([way]) => way)).toEqual(["through", "through"]);
    near.push(message("4"));
    expect(came.at(-1)).toEqual(["past", "4"]);
  });

  it("lets the parser have what is not taken", async () => {
    const { far, came } = open({ published: () => false });
    await send(far, message("1"));
    expect(came).toEqual([["through", message("1")]]);
  });

  it("lets the parser have one from time to time where that is wanted", async () => {
    const { far, came } = open({ parsedEvery: 0 });
    await send(far, message("1"));
    expect(came).toEqual([["through", message("1")]]);
  });

  it("is cut off, with its transport, when what comes is refused", async () => {
    const refusals: string[] = [];
    const { near, far, stream } = open({
      scanner: new PacketScanner({ packetBytes: 10 }),
      refused: (reason) => refusals.push(reason),
    });
    const closed = once(stream, "close");
    await send(far, message("more than ten bytes"));
    await closed;
    expect(refusals).toEqual(["too-large"]);
    expect(near.destroyed).toBe(true);
  });

  it("writes what it is given, in order, and ends with its transport", async () => {
    const { far, stream } = open();
    const read: Buffer[] = [];
    far.on("data", (bytes: Buffer) => read.push(bytes));
    stream.write(message("1"));
    stream.write(message("2"));
    stream.cork();
    stream.write(PINGRESP);
    stream.write(message("3"));
    stream.uncork();
    stream.end();
    await once(far, "end");
    expect(Buffer.concat(read)).toEqual(Buffer.concat([message("1"), message("2"), PINGRESP, message("3")]));
  });

  it("fails as its transport does", async () => {
    const [near] = duplexPair();
    const nothing = { scanner: new PacketScanner(), refused: () => {}, published: () => false };
    const stream = new MqttStream(near, { version: 4, ...nothing });
    const failed = once(stream, "error");
    near.destroy(new Error("reset"));
    expect(String((await failed)[0])).toContain("reset");
    expect(stream.destroyed).toBe(true);
  });
});
