import fc from "fast-check";
import { generate, type Packet } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { PacketSplitter, type WholePacket } from "./packet-splitter.ts";

function split(chunks: readonly Buffer[], { limit = 1000, skips = false } = {}) {
  const packets: WholePacket[] = [];
  const said: string[] = [];
  const splitter = new PacketSplitter({
    limit: () => limit,
    oversized: (type) => {
      said.push(`oversized ${type}`);
      return skips;
    },
    malformed: () => said.push("malformed"),
    packet: (packet) => packets.push(packet),
  });
  for (const chunk of chunks) splitter.push(chunk);
  return { packets, said };
}

const publish = (bytes: number): Packet => ({
  cmd: "publish",
  topic: "beckon/desk/frame",
  payload: Buffer.alloc(bytes, "f"),
  qos: 0,
  dup: false,
  retain: false,
});

describe("a stream of packets", () => {
  it("is cut where they end, in whatever chunks it comes", () => {
    const size = fc.integer({ min: 0, max: 300 });
    fc.assert(
      fc.property(fc.array(size, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 90 })), (sizes, cuts) => {
        const sent = sizes.flatMap((bytes) => [generate(publish(bytes)), generate({ cmd: "pingreq" })]);
        let rest = Buffer.concat(sent);
        const chunks: Buffer[] = [];
        for (const cut of cuts) {
          chunks.push(rest.subarray(0, cut));
          rest = rest.subarray(cut);
        }
        const { packets, said } = split([...chunks, rest]);
        expect(packets.map(({ bytes }) => bytes)).toEqual(sent);
        expect(packets.map(({ type }) => type)).toEqual(sizes.flatMap(() => [3, 12]));
        for (const { bytes, bodyAt } of packets) expect((bytes[bodyAt - 1] ?? 0) < 0x80).toBe(true);
        expect(said).toEqual([]);
      }),
    );
  });

  it("is not copied where a packet came whole", () => {
    const chunk = Buffer.concat([generate({ cmd: "pingreq" }), generate(publish(100))]);
    const { packets } = split([chunk]);
    for (const { bytes } of packets) expect(bytes.buffer).toBe(chunk.buffer);
  });

  it("keeps nothing of the chunks that a packet came in", () => {
    const sent = generate(publish(300));
    const packets: WholePacket[] = [];
    const never = () => expect.unreachable();
    const splitter = new PacketSplitter({
      ...{ limit: () => 1000, oversized: never, malformed: never },
      packet: (packet) => packets.push(packet),
    });
    const chunk = Buffer.alloc(1);
    for (const byte of sent) {
      chunk[0] = byte;
      splitter.push(chunk);
    }
    expect(packets.map(({ bytes }) => bytes)).toEqual([sent]);
  });

  it("goes on after a packet that is skipped, and ends at one that is not", () => {
    const chunk = Buffer.concat([generate(publish(2000)), generate({ cmd: "pingreq" })]);
    const pieces = Array.from(chunk, (byte) => Buffer.from([byte]));
    for (const chunks of [[chunk], pieces]) {
      const skipping = split(chunks, { skips: true });
      expect(skipping.packets.map(({ type }) => type)).toEqual([12]);
      expect(skipping.said).toEqual(["oversized 3"]);
      const ending = split(chunks);
      expect(ending.packets).toEqual([]);
      expect(ending.said).toEqual(["oversized 3"]);
    }
  });

  it("ends at a length of more than four bytes", () => {
    const { packets, said } = split([Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80, 1]), generate({ cmd: "pingreq" })]);
    expect(packets).toEqual([]);
    expect(said).toEqual(["malformed"]);
  });

  it("never throws, and never hands on more than is allowed", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), fc.boolean(), (chunks, skips) => {
        const { packets } = split(chunks.map(Buffer.from), { limit: 20, skips });
        for (const { bytes, bodyAt } of packets) expect(bytes.length - bodyAt).toBeLessThanOrEqual(20);
      }),
    );
  });
});
