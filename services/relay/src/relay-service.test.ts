import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { MemoryHub } from "@beckon/runtime";
import { eventually } from "@beckon/runtime/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Stage } from "./testing/stage.ts";

const LAMP = { driver: { kind: "simulated" } };
const TOGGLE_BY_A = { when: { camera: "desk", model: "letters", gesture: "A" }, relay: "lamp", do: "toggle" };
const CONFIG = { relays: { lamp: LAMP }, rules: [TOGGLE_BY_A] };

let stage: Stage;
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(async () => {
  await stage.close();
  vi.useRealTimers();
});

const withRule = (rule: object, settings: object = {}) => ({
  relays: { lamp: { ...LAMP, ...settings } },
  rules: [{ ...TOGGLE_BY_A, ...rule }],
});

describe("a gesture", () => {
  test("switches, and the whole way from capture is told", async () => {
    stage = await Stage.open(CONFIG);
    await stage.send(stage.stamp("A", { ms: { infer: 4, total: 25 } }));
    expect(stage.events).toEqual([
      {
        from: "OFF",
        to: "ON",
        at: expect.any(Number),
        cause: { by: "gesture", camera: "desk", model: "letters", gesture: "A" },
        ms: { infer: 4, decide: expect.any(Number), switch: expect.any(Number), total: expect.any(Number) },
      },
    ]);
    expect(stage.states.at(-1)).toMatchObject({ state: "ON", cause: { by: "gesture" } });
    await stage.live(1000);
    await stage.send(stage.stamp("A"));
    expect(stage.switches).toEqual(["ON by gesture", "OFF by gesture"]);
  });

  test("that no rule names is ignored, as is the end of one", async () => {
    stage = await Stage.open(CONFIG);
    await stage.send(stage.stamp("B"));
    await stage.send(stage.stamp("A", { phase: "end" }));
    expect(stage.events).toEqual([]);
  });

  test("pulses", async () => {
    stage = await Stage.open(withRule({ do: "pulse", for: 700 }));
    await stage.send(stage.stamp("A"));
    await stage.live(1000);
    expect(stage.switches).toEqual(["ON by gesture", "OFF by timer"]);
  });

  test("holds while it lasts", async () => {
    stage = await Stage.open(withRule({ do: "hold" }));
    await stage.send(stage.stamp("A"));
    await stage.live(3000, "A");
    expect(stage.switches).toEqual(["ON by gesture"]);
    await stage.send(stage.stamp("A", { phase: "end" }));
    expect(stage.switches).toEqual(["ON by gesture", "OFF by gesture"]);
  });

  test("that holds and whose end is lost is ended by the next heartbeat", async () => {
    stage = await Stage.open(withRule({ do: "hold" }));
    await stage.send(stage.stamp("A"));
    await stage.live(1000, "A");
    await stage.live(600, null);
    expect(stage.switches).toEqual(["ON by gesture", "OFF by gesture"]);
  });

  test("is refused before the minimum off time has passed", async () => {
    stage = await Stage.open(withRule({}, { minOff: 5000 }));
    await stage.send(stage.stamp("A"));
    expect(stage.refusals).toEqual(["min-off"]);
    await stage.live(5000);
    await stage.send(stage.stamp("A"));
    expect(stage.switches).toEqual(["ON by gesture"]);
  });
});

describe("a spelled word", () => {
  const rule = { when: { word: "light" }, do: "on" };

  test("switches when a rest has ended it", async () => {
    stage = await Stage.open(withRule(rule));
    await stage.word("MY LIGHT");
    expect(stage.switches).toEqual([]);
    await stage.live(100);
    await stage.word("MY LIGHT ");
    expect(stage.events).toMatchObject([{ to: "ON", cause: { by: "text", word: "LIGHT", camera: "desk" } }]);
  });

  test("is refused without its camera's heartbeats", async () => {
    stage = await Stage.open(withRule(rule));
    await stage.silence(3000);
    await stage.word("LIGHT ");
    expect(stage.refusals).toEqual(["no-source"]);
  });
});

describe("a relay that is on", () => {
  test("is off within 2 s of its source's last heartbeat", async () => {
    stage = await Stage.open(CONFIG);
    await stage.send(stage.stamp("A"));
    await stage.live(5000);
    expect(stage.switches).toEqual(["ON by gesture"]);
    await stage.beat();
    await stage.silence(1990);
    expect(stage.switches).toEqual(["ON by gesture", "OFF by fail-safe"]);
    expect(stage.states.at(-1)).toMatchObject({
      state: "OFF",
      cause: { by: "fail-safe", detail: "desk/letters is silent" },
    });
  });

  test("holds on without its source, up to its maximum on time, when told to", async () => {
    stage = await Stage.open(withRule({}, { failSafe: "hold", maxOn: 10_000 }));
    await stage.send(stage.stamp("A"));
    await stage.silence(9900);
    expect(stage.switches).toEqual(["ON by gesture"]);
    await stage.silence(200);
    expect(stage.switches).toEqual(["ON by gesture", "OFF by timer"]);
  });

  test("by a command is off within 2 s of the broker's loss, and says so when it is back", async () => {
    stage = await Stage.open(CONFIG);
    await stage.command({ state: "ON" });
    await stage.silence(60_000);
    expect(stage.switches).toEqual(["ON by command"]);
    stage.connected = false;
    await stage.silence(2000);
    expect(stage.log).toContain("lamp is OFF to be safe (broker is silent)");
    expect(stage.switches).toEqual(["ON by command"]);
    stage.reconnect();
    await stage.settle();
    expect(stage.switches).toEqual(["ON by command", "OFF by fail-safe"]);
    expect(stage.states.at(-1)).toMatchObject({ state: "OFF" });
  });

  test("goes off when the service stops, and its retained state says so", async () => {
    stage = await Stage.open(CONFIG);
    await stage.send(stage.stamp("A"));
    await stage.close();
    expect(stage.switches).toEqual(["ON by gesture", "OFF by stop"]);
    expect(stage.states.at(-1)).toMatchObject({ state: "OFF", cause: { by: "stop" } });
  });
});

describe("a command", () => {
  test("switches for as long as it says", async () => {
    stage = await Stage.open(CONFIG);
    await stage.command({ state: "ON", id: "7f3a", at: Date.now(), for: 30 });
    await stage.silence(30_001);
    expect(stage.events).toMatchObject([
      { to: "ON", cause: { by: "command", id: "7f3a" } },
      { to: "OFF", cause: { by: "timer" } },
    ]);
  });

  test("is refused when it is retained, old, or comes again", async () => {
    stage = await Stage.open(CONFIG);
    await stage.command({ state: "ON" }, { retained: true });
    await stage.command({ state: "ON", id: "a", at: Date.now() - 5000 });
    await stage.command({ state: "OFF", id: "b", at: Date.now() });
    await stage.command({ state: "ON", id: "b", at: Date.now() });
    await stage.command({ state: "TOGGLE" });
    expect(stage.refusals).toEqual(["retained", "stale", "duplicate", "twice"]);
    expect(stage.switches).toEqual([]);
  });

  test("without a time is ignored in the first second after a reconnection", async () => {
    stage = await Stage.open(CONFIG);
    stage.reconnect();
    await stage.silence(900);
    await stage.command({ state: "ON" });
    expect(stage.refusals).toEqual(["reconnect"]);
    await stage.silence(200);
    await stage.command({ state: "ON" });
    expect(stage.switches).toEqual(["ON by command"]);
  });
});

test("refusals are told 5 times a second at most, and the rest counted", async () => {
  stage = await Stage.open(CONFIG);
  for (let i = 0; i < 50; i += 1) await stage.send(stage.stamp("A", { at: stage.frameAt - 60_000, seq: i }));
  expect(stage.refusals).toHaveLength(5);
  await stage.live(1000);
  await stage.send(stage.stamp("A", { at: 0 }));
  expect(stage.events.at(-1)).toMatchObject({ refused: "stale", suppressed: 45 });
  expect(stage.stats.part("lamp").take().drops).toEqual({ stale: 51 });
});

test("a relay is off, and says so, before anything else", async () => {
  stage = new Stage(CONFIG, {});
  await stage.settle();
  expect(stage.states).toMatchObject([{ state: "OFF", cause: { by: "start" } }]);
});

test("heartbeats that were retained are no source", async () => {
  stage = new Stage(CONFIG, {});
  await stage.beat();
  const again = new Stage(CONFIG, { hub: stage.hub });
  await again.silence(600);
  await again.send(again.stamp("A"));
  expect(again.refusals).toContain("no-source");
  expect(again.switches).toEqual([]);
  await again.close();
});

test("a broker elsewhere that lets anyone in is warned of", async () => {
  stage = await Stage.open(CONFIG, { openBroker: "10.0.0.5" });
  expect(stage.log.join("\n")).toMatch(/the broker at 10\.0\.0\.5 lets anyone in without a user/);
});

test("hardware that is not there ends the service with one line", async () => {
  stage = await Stage.open(CONFIG);
  const config = { relays: { fan: { driver: { kind: "gpiod", pin: 4, chip: "gpiochip77" } } } };
  vi.stubEnv("PATH", "/nonexistent");
  const broken = new Stage(config, {});
  await expect(broken.close()).rejects.toThrow(/relay fan: gpioset is not installed/);
  vi.unstubAllEnvs();
});

test("hardware that fails to switch is refused as driver, told to be off until it is, and obeys when it can", async () => {
  vi.useRealTimers();
  let status = 204;
  const asked: string[] = [];
  const server = createServer((request, response) => {
    request.on("data", (body) => asked.push(JSON.parse(String(body)).state));
    request.on("end", () => response.writeHead(status).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  vi.useFakeTimers({ toFake: ["setInterval"] });
  stage = new Stage({ relays: { lamp: { driver: { kind: "webhook", url }, minOff: 0 } } }, { hub: new MemoryHub() });
  try {
    await eventually(() => asked.length === 1);
    status = 500;
    const command = (state: "ON" | "OFF") => stage.command({ state, at: Date.now(), id: `${Math.random()}` });
    await eventually(() => stage.states.length > 0);
    await command("ON");
    await eventually(() => asked.filter((state) => state === "OFF").length >= 3);
    expect(stage.switches).toEqual([]);
    expect(stage.refusals).toContain("driver");
    status = 200;
    await eventually(async () => {
      await command("ON");
      return stage.switches.length > 0;
    });
    expect(stage.switches).toEqual(["ON by command"]);
  } finally {
    await stage.close();
    server.closeAllConnections();
    server.close();
  }
});
