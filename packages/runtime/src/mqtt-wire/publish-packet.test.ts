import { describe, expect, it } from "vitest";
import { encodePublish, type MqttVersion, readLonePublish } from "./publish-packet.ts";

/** Payloads on both sides of each step in the size of the remaining length. */
const SIZES = [0, 1, 100, 122, 123, 124, 16_379, 16_380, 16_381, 35_000, 2_097_148, 2_097_149];
const VERSIONS: readonly MqttVersion[] = [4, 5];

/** A PUBLISH as the specification has it (3.3), by other arithmetic than ours. */
function publish(first: number, version: MqttVersion, payload: Uint8Array, properties: readonly number[] = []): Buffer {
  const topic = Buffer.from("a/ü");
  const variable = [0, topic.length, ...topic, ...(version === 5 ? [properties.length, ...properties] : [])];
  const length = variable.length + payload.length;
  const digits = Array.from({ length: 4 }, (_, index) => Math.floor(length / 128 ** index) % 128);
  while (digits.length > 1 && digits.at(-1) === 0) digits.pop();
  const header = digits.map((digit, index) => digit + (index < digits.length - 1 ? 128 : 0));
  return Buffer.concat([Buffer.from([first, ...header, ...variable]), payload]);
}

describe.each(VERSIONS)("a PUBLISH of QoS 0, in version %i of the protocol", (version) => {
  it.each(SIZES)("has the bytes that the specification wants, with a payload of %i", (size) => {
    const payload = Buffer.alloc(size, "x");
    const plain = encodePublish({ topic: "a/ü", payload, retain: false }, version);
    expect(plain.equals(publish(0x30, version, payload))).toBe(true);
    const retained = encodePublish({ topic: "a/ü", payload: payload.toString(), retain: true }, version);
    expect(retained.equals(publish(0x31, version, payload))).toBe(true);
  });

  it.each(SIZES)("is read when it came alone, with a payload of %i bytes", (size) => {
    const payload = Buffer.alloc(size, "x");
    const found = readLonePublish(publish(0x30, version, payload), version);
    expect(found?.topic).toBe("a/ü");
    expect(found?.payload.equals(payload)).toBe(true);
  });

  const whole = publish(0x30, version, Buffer.from("payload"));
  it.each([
    ["a part of one", whole.subarray(0, -1)],
    ["one and the begin of another", Buffer.concat([whole, whole.subarray(0, 1)])],
    ["one of QoS 1", publish(0x32, version, Buffer.from([0, 1]))],
    ["one that is retained", publish(0x31, version, Buffer.from("payload"))],
    ["another packet", Buffer.from([0xc0, 0])],
    ["nothing", Buffer.alloc(0)],
    ["a topic that is longer than the packet", Buffer.from([0x30, 3, 0, 9, 0x61])],
    ["no topic", Buffer.from([0x30, 1, 0])],
    ["a length without an end", Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x7f])],
    ["a length that is cut off", Buffer.from([0x30, 0x80])],
  ])("is not %s", (_, bytes) => {
    expect(readLonePublish(bytes, version)).toBeUndefined();
  });
});

it("is left to a parser when it has properties, or lacks their length", () => {
  const expiry = [0x02, 0, 0, 0, 9];
  expect(readLonePublish(publish(0x30, 5, Buffer.from("payload"), expiry), 5)).toBeUndefined();
  expect(readLonePublish(publish(0x30, 4, Buffer.alloc(0)), 5)).toBeUndefined();
});
