import { type Duplex, duplexPair } from "node:stream";
import { describe, expect, it } from "vitest";
import { brokerUrl } from "./broker-url.ts";
import type { Arrival } from "./inbox.ts";
import { MqttLink } from "./mqtt-link.ts";
import { encodePuback } from "./mqtt-wire/publish-packet.ts";
import { eventually } from "./testing/index.ts";

const CONNACK = Buffer.from([0x20, 2, 0, 0]);
const DUPLICATE = 0x3a;

/** A PUBLISH of QoS 1 on topic `a` (MQTT 3.1.1, section 3.3). */
const publish = (packetId: number, first = 0x32): Buffer => Buffer.from([first, 6, 0, 1, 0x61, 0, packetId, 0x78]);

interface Linked {
  readonly link: MqttLink;
  readonly far: Duplex;
  /** What came out of the link since it was taken. */
  readonly sent: Buffer[];
}

/** A link that a broker at the other end of a pipe has said yes to. */
async function linked(arrived: (arrival: Arrival, link: MqttLink) => void = () => {}): Promise<Linked> {
  const [near, far] = duplexPair();
  const sent: Buffer[] = [];
  far.on("data", (bytes: Buffer) => sent.push(bytes));
  const broker = brokerUrl("mqtt://127.0.0.1");
  if (!broker) throw new Error("no URL of a broker");
  let up = false;
  const link = new MqttLink(
    { broker, version: 4, clientId: "link", stream: () => near },
    {
      up: () => {
        up = true;
      },
      arrived: (arrival) => arrived(arrival, link),
      down: () => {},
    },
  );
  await eventually(() => sent.length > 0);
  far.write(CONNACK);
  await eventually(() => up);
  sent.length = 0;
  return { link, far, sent };
}

describe("a link to a broker", () => {
  it("acknowledges what comes with QoS 1 after what its reader sends because of it, in one piece", async () => {
    const { link, far, sent } = await linked((_, here) => {
      void Promise.resolve().then(() => here.publish("b", Buffer.from("y"), { qos: 0, retain: false }));
    });
    far.write(Buffer.concat([publish(1), publish(2)]));
    await eventually(() => Buffer.concat(sent).includes(encodePuback(2)));
    const all = Buffer.concat(sent);
    const acknowledgements = Buffer.concat([encodePuback(1), encodePuback(2)]);
    expect(all.subarray(-acknowledgements.length)).toEqual(acknowledgements);
    expect(all.toString("latin1").match(/by/g)).toHaveLength(2);
    await link.close();
  });

  it("acknowledges in the order in which messages came, whoever reads them", async () => {
    const order: number[] = [];
    const { link, far, sent } = await linked(() => order.push(order.length));
    far.write(Buffer.concat([publish(1), publish(2, DUPLICATE), publish(3)]));
    await eventually(() => Buffer.concat(sent).length === 12);
    expect(Buffer.concat(sent)).toEqual(Buffer.concat([1, 2, 3].map(encodePuback)));
    expect(order).toHaveLength(3);
    await link.close();
  });

  it("sends nothing after its goodbye", async () => {
    const DISCONNECT = Buffer.from([0xe0, 0]);
    const { link, far, sent } = await linked((_, here) => void here.close());
    far.write(Buffer.concat([publish(1), publish(2)]));
    await eventually(() => Buffer.concat(sent).includes(DISCONNECT));
    await link.close();
    expect(Buffer.concat(sent)).toEqual(Buffer.concat([encodePuback(1), DISCONNECT]));
  });
});
