import { type AedesBroker, eventually, startAedes } from "@beckon/runtime/testing";
import { afterEach, describe, expect, it } from "vitest";
import { type OpenGate, openGate } from "../../src/gate/testing/open-gate.ts";
import { connectPageBus, type PageBus } from "./page-bus.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Opened {
  readonly broker: AedesBroker;
  readonly gate: OpenGate;
  readonly bus: PageBus;
}

/** A broker that knows one user, whatever her password. */
const KNOWS_ANNA: Parameters<typeof startAedes>[0] = {
  authenticate: (_client, username, _password, done) =>
    username === "anna"
      ? done(null, true)
      : done(Object.assign(new Error("who are you?"), { returnCode: 5 as const }), false),
};

/** A page's bus behind the gate that is before a broker, as in a browser. */
async function openBus(options: Parameters<typeof startAedes>[0] = {}): Promise<Opened> {
  const broker = await startAedes(options);
  ends.push(() => broker.stop());
  const gate = await openGate(broker.url);
  const bus = connectPageBus(gate.url, "beckon");
  ends.push(
    () => gate.close(),
    () => bus.close(),
  );
  return { broker, gate, bus };
}

/** Of the camera `desk`. */
function sayText({ broker }: AedesBroker, payload = JSON.stringify({ text: "HI", last: "I", at: 1 })): void {
  const packet = { cmd: "publish", topic: "beckon/desk/text", payload, qos: 0, retain: false, dup: false } as const;
  broker.publish(packet, () => undefined);
}

const isAt = (bus: PageBus, status: string) => eventually(() => bus.connection.peek().status === status);

describe("the page's way to the bus", () => {
  it("hears what fits its topic, and counts what does not", async () => {
    const { broker, bus } = await openBus();
    const texts: string[] = [];
    bus.subscribe(bus.topics.text.matching(), ({ names, value }) => texts.push(`${names.camera}: ${value.text}`));
    await isAt(bus, "online");
    await eventually(() => {
      sayText(broker, "no text at all");
      sayText(broker);
      return texts.length > 0;
    });
    expect(texts[0]).toBe("desk: HI");
    expect(bus.refused.peek()).toBeGreaterThan(0);
  });

  it("says that the broker is away, comes back by itself, and hears on", async () => {
    const { broker, bus } = await openBus();
    const texts: string[] = [];
    bus.subscribe(bus.topics.text.matching(), ({ value }) => texts.push(value.text));
    await isAt(bus, "online");
    await broker.stop();
    await eventually(() => {
      const connection = bus.connection.peek();
      return connection.status === "offline" && connection.missing === "broker";
    });
    expect(await bus.publish(bus.topics.relaySet({ relay: "lamp" }), { state: "ON" })).toBe(false);
    await broker.restart();
    await isAt(bus, "online");
    await eventually(() => {
      sayText(broker);
      return texts.includes("HI");
    });
  });

  it("asks the broker for what somebody listens to, until nobody does any more", async () => {
    const { broker, bus } = await openBus();
    const unwanted: string[] = [];
    broker.broker.on("unsubscribe", (filters) => unwanted.push(...filters));
    const heard: string[] = [];
    const listen = (who: string) => bus.subscribe(bus.topics.text.matching(), () => heard.push(who));
    const [stopOne, stopOther] = [listen("one"), listen("other")];
    await isAt(bus, "online");
    await eventually(() => {
      sayText(broker);
      return heard.includes("one") && heard.includes("other");
    });
    stopOne();
    heard.length = 0;
    await eventually(() => {
      sayText(broker);
      return heard.length > 3;
    });
    expect(heard).not.toContain("one");
    expect(unwanted).toEqual([]);
    stopOther();
    await eventually(() => unwanted.length > 0);
    expect(unwanted).toEqual(["beckon/+/text"]);
  });

  it("says that the service is away when nothing answers", async () => {
    const { gate, bus } = await openBus();
    await isAt(bus, "online");
    await gate.close();
    await eventually(() => {
      const connection = bus.connection.peek();
      return connection.status === "offline" && connection.missing === "service";
    });
  });

  it("says of what was not acknowledged that it was not sent, once the connection is lost", async () => {
    const { broker, bus } = await openBus({ authorizePublish: () => undefined });
    await isAt(bus, "online");
    const sent = bus.publish(bus.topics.relaySet({ relay: "lamp" }), { state: "ON" });
    await broker.stop();
    expect(await sent).toBe(false);
  });

  it("asks for a user where the broker wants one, says when it was a wrong one, and forgets it again", async () => {
    const { bus } = await openBus(KNOWS_ANNA);
    await eventually(() => bus.connection.peek().status === "login");
    expect(bus.connection.peek()).toEqual({ status: "login", refused: false });
    bus.login({ username: "anne", password: "hers" });
    await isAt(bus, "login");
    expect(bus.connection.peek()).toEqual({ status: "login", refused: true });
    bus.login({ username: "anna", password: "hers" });
    await isAt(bus, "online");
    bus.logout();
    await isAt(bus, "login");
    expect(bus.connection.peek()).toEqual({ status: "login", refused: false });
  });
});
