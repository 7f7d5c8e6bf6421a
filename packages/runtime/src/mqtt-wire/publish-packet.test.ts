import { describe, expect, it } from "vitest";
import { encodePuback, encodePublish, type MqttVersion, readPublish } from "./publish-packet.ts";

/** Payloads on both sides of each step in the size of the remaining length. */
const SIZES = [0, 1, 100, 122, 123, 124, 16_379, 16_380, 16_381, 35_000, 2_097_148, 2_097_149];
const VERSIONS: readonly MqttVersion[] = [4, 5];

/** A PUBLISH as the specification has it (3.3), by other arithmetic than ours. */
function publish(first: number, version: MqttVersion, payload: Uint8Array, properties: readonly number[] = []): Buffer {
  const topic = Buffer.from("a/ü");
  const id = (first & 0x06) === 0 ? [] : [0x12, 0x34];
  const variable = [0, topic.length, ...topic, ...id, ...(version === 5 ? [properties.length, ...properties] : [])];
  const length = variable.length + payload.length;
  const digits = Array.from({ length: 4 }, (_, index) => Math.floor(length / 128 ** index) % 128);
  while (digits.length > 1 && digits.at(-1) === 0) digits.pop();
  const header = digits.map((digit, index) => digit + (index < digits.length - 1 ? 128 : 0));
  return Buffer.concat([Buffer.from([first, ...header, ...variable]), payload]);
}

describe.each(VERSIONS)("a PUBLISH, in version %i of the protocol", (version) => {
  it.each(SIZES)("has the bytes that the specification wants, with a payload of %i", (size) => {
    const payload = Buffer.alloc(size, "x");
    const plain = encodePublish({ topic: "a/ü", payload, retain: false }, version);
    expect(plain.equals(publish(0x30, version, payload))).toBe(true);
    const retained = encodePublish({ topic: "a/ü", payload: payload.toString(), retain: true }, version);
    expect(retained.equals(publish(0x31, version, payload))).toBe(true);
  });

  it.each(SIZES)("is read, whatever comes after it, with a payload of %i bytes", (size) => {
    const payload = Buffer.alloc(size, "x");
    const bytes = publish(0x30, version, payload);
    for (const after of [Buffer.alloc(0), Buffer.from([0x32]), bytes]) {
      const found = readPublish(Buffer.concat([bytes, after]), version);
      expect(found).toMatchObject({ topic: "a/ü", packetId: undefined, bytes: bytes.length });
      expect(found?.payload.equals(payload)).toBe(true);
    }
  });

  it.each(SIZES)("is read as well when it is of QoS 1, with a payload of %i bytes", (size) => {
    const payload = Buffer.alloc(size, "x");
    const bytes = publish(0x32, version, payload);
    const found = readPublish(bytes, version);
    expect(found).toMatchObject({ topic: "a/ü", packetId: 0x1234, bytes: bytes.length });
    expect(found?.payload.equals(payload)).toBe(true);
  });

  const whole = publish(0x30, version, Buffer.from("payload"));
  const ofQos1 = publish(0x32, version, Buffer.alloc(0));
  it.each([
    ["a part of one", whole.subarray(0, -1)],
    ["a part of one of QoS 1", ofQos1.subarray(0, -1)],
    ["one of QoS 2", publish(0x34, version, Buffer.from("payload"))],
    ["one that is sent again", publish(0x3a, version, Buffer.from("payload"))],
    ["one that is retained", publish(0x31, version, Buffer.from("payload"))],
    ["another packet", Buffer.from([0xc0, 0])],
    ["nothing", Buffer.alloc(0)],
    ["a topic that is longer than the packet", Buffer.from([0x30, 3, 0, 9, 0x61])],
    [
      "a topic that is longer than the packet, which is not the last",
      Buffer.concat([Buffer.from([0x30, 3, 0, 9, 0x61]), whole]),
    ],
    ["one of QoS 1 without its identifier", Buffer.concat([Buffer.from([0x32, 3, 0, 1, 0x61]), whole])],
    ["no topic", Buffer.from([0x30, 1, 0])],
    ["a length without an end", Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x7f])],
    ["a length that is cut off", Buffer.from([0x30, 0x80])],
  ])("is not %s", (_, bytes) => {
    expect(readPublish(bytes, version)).toBeUndefined();
  });
});

it("is left to a parser when it has properties, or lacks their length", () => {
  const expiry = [0x02, 0, 0, 0, 9];
  for (const first of [0x30, 0x32]) {
    expect(readPublish(publish(first, 5, Buffer.from("payload"), expiry), 5)).toBeUndefined();
    expect(readPublish(publish(first, 4, Buffer.alloc(0)), 5)).toBeUndefined();
  }
});

it("is acknowledged by its identifier", () => {
  expect([...encodePuback(0x1234)]).toEqual([0x40, 2, 0x12, 0x34]);
});
