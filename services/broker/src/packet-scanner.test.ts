import { describe, expect, it } from "vitest";
import { PacketScanner } from "./packet-scanner.ts";
import { connectPacket, PACKET, packet, publishPacket } from "./testing/raw-client.ts";

const LIMITS = { connectBytes: 1000, packetBytes: 100_000 };
const stream = (...packets: Buffer[]) => Buffer.concat([connectPacket({ clientId: "a" }), ...packets]);

/** The verdict on the whole, and the number of bytes after which it came when they come one by one. */
function verdicts(bytes: Buffer) {
  const byteByByte = new PacketScanner(LIMITS);
  const at = [...bytes].findIndex((byte) => byteByByte.scan(Uint8Array.of(byte)) !== undefined);
  return { whole: new PacketScanner(LIMITS).scan(bytes), byteByByte: byteByByte.scan(Uint8Array.of()), at };
}

describe("a packet scanner", () => {
  it("lets packets up to the limit pass, however they are cut", () => {
    const bytes = stream(
      publishPacket("a/b", Buffer.alloc(LIMITS.packetBytes - 5)),
      packet(PACKET.pingreq, 0),
      packet(PACKET.disconnect, 0),
    );
    expect(verdicts(bytes)).toEqual({ whole: undefined, byteByByte: undefined, at: -1 });
  });

  it("refuses a packet by what its header announces, before any of its body", () => {
    const bytes = stream(publishPacket("a/b", Buffer.alloc(LIMITS.packetBytes - 4)));
    const headerEnd = connectPacket({ clientId: "a" }).length + 4;
    expect(verdicts(bytes)).toEqual({ whole: "too-large", byteByByte: "too-large", at: headerEnd - 1 });
  });

  it("refuses a first packet that is larger than a log-in", () => {
    expect(verdicts(connectPacket({ clientId: "a".repeat(1000) }))).toMatchObject({ whole: "too-large" });
  });

  it("refuses a stranger who begins with anything but CONNECT, at its first byte", () => {
    expect(verdicts(publishPacket("a", "b"))).toEqual({ whole: "no-connect", byteByByte: "no-connect", at: 0 });
    expect(verdicts(Buffer.from("GET / HTTP/1.1\r\n"))).toMatchObject({ whole: "no-connect", at: 0 });
  });

  it("refuses a length of more than four bytes, and packet types that there are not", () => {
    const endless = Buffer.from([PACKET.publish << 4, 0x80, 0x80, 0x80, 0x80]);
    expect(verdicts(stream(endless))).toMatchObject({ whole: "malformed" });
    for (const type of [0, 15]) expect(verdicts(stream(packet(type, 0)))).toMatchObject({ whole: "malformed" });
  });
});
