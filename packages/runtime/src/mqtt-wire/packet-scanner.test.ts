import { describe, expect, it } from "vitest";
import { PacketScanner } from "./packet-scanner.ts";

const LIMITS = { connectBytes: 1000, packetBytes: 100_000 };
/** First bytes of packets (MQTT 3.1.1, table 2.1). */
const CONNECT = 0x10;
const CONNACK = 0x20;
const PUBLISH = 0x30;
const PINGREQ = 0xc0;
const DISCONNECT = 0xe0;

/** A packet of so many bytes after its fixed header. */
function packet(first: number, length = 0): Buffer {
  const header = [first];
  let rest = length;
  for (; rest >= 0x80; rest >>= 7) header.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...header, rest]), Buffer.alloc(length)]);
}
const stream = (...packets: Buffer[]) => Buffer.concat([packet(CONNECT, 13), ...packets]);

/** The verdict on the whole, and the number of bytes after which it came when they come one by one. */
function verdicts(bytes: Buffer) {
  const byteByByte = new PacketScanner(LIMITS);
  const at = [...bytes].findIndex((byte) => byteByByte.scan(Uint8Array.of(byte)) !== undefined);
  return { whole: new PacketScanner(LIMITS).scan(bytes), byteByByte: byteByByte.scan(Uint8Array.of()), at };
}

describe("a packet scanner", () => {
  it("lets packets up to the limit pass, however they are cut", () => {
    const bytes = stream(packet(PUBLISH, LIMITS.packetBytes), packet(PINGREQ), packet(DISCONNECT));
    expect(verdicts(bytes)).toEqual({ whole: undefined, byteByByte: undefined, at: -1 });
  });

  it("refuses a packet by what its header announces, before any of its body", () => {
    const bytes = stream(packet(PUBLISH, LIMITS.packetBytes + 1));
    const headerEnd = packet(CONNECT, 13).length + 4;
    expect(verdicts(bytes)).toEqual({ whole: "too-large", byteByByte: "too-large", at: headerEnd - 1 });
  });

  it("refuses a first packet that is larger than a log-in", () => {
    expect(verdicts(packet(CONNECT, 1001))).toMatchObject({ whole: "too-large" });
  });

  it("refuses a stranger who begins with anything but CONNECT, at its first byte", () => {
    expect(verdicts(packet(PUBLISH, 4))).toEqual({ whole: "no-connect", byteByByte: "no-connect", at: 0 });
    expect(verdicts(Buffer.from("GET / HTTP/1.1\r\n"))).toMatchObject({ whole: "no-connect", at: 0 });
  });

  it("refuses a length of more than four bytes, and packet types that there are not", () => {
    const endless = Buffer.from([PUBLISH, 0x80, 0x80, 0x80, 0x80]);
    expect(verdicts(stream(endless))).toMatchObject({ whole: "malformed" });
    for (const type of [0, 15]) expect(verdicts(stream(packet(type << 4)))).toMatchObject({ whole: "malformed" });
  });

  it("sets no limits to a broker, and knows where its packets end", () => {
    const scanner = new PacketScanner();
    const bytes = Buffer.concat([packet(CONNACK, 2), packet(PUBLISH, 3_000_000), packet(PINGREQ)]);
    const ends: number[] = [];
    const refusals = new Set();
    for (let at = 0; at < bytes.length; at++) {
      refusals.add(scanner.scan(bytes.subarray(at, at + 1)));
      if (scanner.betweenPackets) ends.push(at + 1);
    }
    expect(refusals).toEqual(new Set([undefined]));
    expect(ends).toEqual([4, bytes.length - 2, bytes.length]);
  });
});
