import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createMemoryBus, MemoryHub, Stats } from "@beckon/runtime";
import { eventually } from "@beckon/runtime/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { FakeGpioset } from "../testing/fake-gpioset.ts";
import { FakeSysfs, withOnoff } from "../testing/fake-sysfs.ts";
import type { DriverContext, RelayDriver } from "./driver.ts";
import { openGpiod } from "./gpiod.ts";
import { foreignTopic, openMqttPlug } from "./mqtt.ts";
import { openOnoff } from "./onoff.ts";
import type { PlugMake } from "./plug-dialects.ts";
import { openSimulated } from "./simulated.ts";
import { openWebhook } from "./webhook.ts";

/** A driver, and a look at what it drives. */
interface Bench {
  readonly driver: RelayDriver;
  /** As the hardware has it. */
  on(): boolean;
}

const closings: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0).toReversed()) await close();
  vi.unstubAllEnvs();
});

function context(more: Partial<DriverContext> = {}): DriverContext {
  const bus = createMemoryBus(new MemoryHub(), new Stats());
  const log = { info: () => {}, warn: () => {}, debug: () => {} };
  return { name: "lamp", activeLow: false, maxOn: undefined, bus, log, lost: () => {}, ...more };
}

const BENCHES: Record<string, () => Promise<Bench>> = {
  simulated: async () => {
    let last = "";
    const debug = (message: string): void => {
      last = message;
    };
    return { driver: openSimulated({ name: "lamp", log: { debug } as never }), on: () => last.endsWith(" on") };
  },
  webhook: async () => {
    let state = "OFF";
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        state = JSON.parse(body).state;
        response.end("thanks");
      });
    });
    const url = await listening(server);
    return { driver: openWebhook({ url }, context()), on: () => state === "ON" };
  },
  "a Tasmota plug": () => plug("tasmota", "cmnd/plug/POWER1", (text) => text === "ON"),
  "a Shelly plug of the first generation": () =>
    plug("shelly-gen1", "shellies/plug/relay/0/command", (text) => text === "on"),
  "a Shelly plug of the second generation": () => plug("shelly-gen2", "plug/command/switch:0", (text) => text === "on"),
  "a plug behind zigbee2mqtt": () =>
    plug("zigbee2mqtt", "zigbee2mqtt/plug/set", (text) => JSON.parse(text).state === "ON"),
  "gpioset 1.6": () => gpioset(1, false),
  "gpioset 2": () => gpioset(2, false),
  "gpioset 2, active-low": () => gpioset(2, true),
};

const NAMESPACE_BENCHES: Record<string, () => Promise<Bench>> = {
  onoff: () => onoff(false),
  "onoff, active-low": () => onoff(true),
};

async function listening(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closings.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
}

/** Follows one topic as the plug would. */
async function plug(make: PlugMake, path: string, isOn: (text: string) => boolean): Promise<Bench> {
  const its = context();
  const heard = hear(its, path);
  const driver = openMqttPlug({ plug: make, name: "plug", channel: 1, base: "zigbee2mqtt" }, its);
  return { driver, on: () => isOn(heard.at(-1) ?? "{}") };
}

function hear({ bus }: DriverContext, path: string): string[] {
  const heard: string[] = [];
  const ending = new AbortController();
  closings.push(() => ending.abort());
  void (async () => {
    for await (const { value, retained } of bus.subscribe(foreignTopic(path), { signal: ending.signal }))
      heard.push(retained ? `retained ${value}` : value);
  })();
  return heard;
}

async function gpioset(version: 1 | 2, activeLow: boolean): Promise<Bench> {
  const fake = new FakeGpioset(version);
  closings.push(() => fake.close());
  vi.stubEnv("PATH", `${fake.folder}:${process.env["PATH"]}`);
  const driver = await openGpiod({ pin: 17 }, context({ activeLow }));
  closings.push(() => driver.close());
  return { driver, on: () => fake.line(17) === (activeLow ? "0" : "1") };
}

async function onoff(activeLow: boolean): Promise<Bench> {
  const sysfs = new FakeSysfs();
  closings.push(() => sysfs.close());
  const driver = await openOnoff({ pin: 17 }, context({ activeLow }), { sysfs: sysfs.path, launcher: sysfs.launcher });
  closings.push(() => driver.close());
  // Direction and level in one write, by the wire's own level: no glitch.
  expect(sysfs.read(17, "direction")).toBe(activeLow ? "high" : "low");
  expect(sysfs.read(17, "active_low")).toBe("0");
  expect(sysfs.read(17, "value")).toBe(activeLow ? "1" : "0");
  return { driver, on: () => sysfs.read(17, "value") === (activeLow ? "0" : "1") };
}

function honoursTheContract(open: () => Promise<Bench>): void {
  test("is off when it opens", async () => {
    const { on } = await open();
    expect(on()).toBe(false);
  });

  test("switches on and off, again and again", async () => {
    const { driver, on } = await open();
    for (const wanted of [true, false, false, true, true, false]) {
      await driver.set(wanted);
      await eventually(() => on() === wanted);
    }
  });

  test("is off when it closes, and may be closed twice", async () => {
    const { driver, on } = await open();
    await driver.set(true);
    await eventually(on);
    await driver.close();
    await eventually(() => !on());
    await driver.close();
    expect(on()).toBe(false);
  });

  test("refuses to switch once it is closed", async () => {
    const { driver, on } = await open();
    await driver.close();
    await expect(driver.set(true)).rejects.toThrow(/closed/);
    expect(on()).toBe(false);
  });
}

describe.each(Object.entries(BENCHES))("the driver of %s", (_, open) => honoursTheContract(open));
withOnoff().each(Object.entries(NAMESPACE_BENCHES))("the driver of %s", (_, open) => honoursTheContract(open));

describe("a webhook", () => {
  test.each([
    ["redirects", 302, /redirects/],
    ["fails", 500, /answered 500/],
  ])("that %s is a failure, and nobody else is asked", async (_, status, message) => {
    const asked: string[] = [];
    const elsewhere = createServer((_request, response) => {
      asked.push("elsewhere");
      response.end();
    });
    const target = await listening(elsewhere);
    const url = await listening(
      createServer((_request, response) => response.writeHead(status, { location: target }).end()),
    );
    await expect(openWebhook({ url }, context()).set(true)).rejects.toThrow(message);
    expect(asked).toEqual([]);
  });

  test("that does not answer is given up, without telling its address", async () => {
    const url = await listening(createServer(() => {}));
    await expect(openWebhook({ url }, context()).set(true)).rejects.toThrow(
      /^the webhook did not answer within 2000 ms$/,
    );
  });

  test("that cannot be reached is a failure, without telling its address", async () => {
    const driver = openWebhook({ url: "http://127.0.0.1:1/token" }, context());
    await expect(driver.set(true)).rejects.toThrow(/^the webhook cannot be reached$/);
  });
});

describe("a plug with a timer of its own", () => {
  test.each<[PlugMake, string, string]>([
    ["tasmota", "cmnd/plug/PulseTime1", "130"],
    ["zigbee2mqtt", "zigbee2mqtt/plug/set", '{"state":"ON","on_time":30}'],
    [
      "shelly-gen2",
      "plug/rpc",
      '{"id":1,"src":"beckon","method":"Switch.Set","params":{"id":0,"on":true,"toggle_after":30}}',
    ],
  ])("(%s) is given the maximum on time", async (make, path, payload) => {
    const its = context({ maxOn: 30_000 });
    const heard = hear(its, path);
    await openMqttPlug({ plug: make, name: "plug", channel: 1, base: "zigbee2mqtt" }, its).set(true);
    await eventually(() => heard.length > 0);
    expect(heard).toEqual([payload]);
  });

  test("is warned of where it is not given one", () => {
    const warn = vi.fn();
    const its = context({ log: { info: () => {}, warn } as never });
    openMqttPlug({ plug: "tasmota", name: "plug", channel: 1, base: "" }, its);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("maxOn"));
  });

  test("is not sent anything retained, and an absent broker is a failure", async () => {
    const its = context();
    expect(foreignTopic("cmnd/plug/POWER1").retain).toBe(false);
    await its.bus.close();
    const driver = openMqttPlug({ plug: "tasmota", name: "plug", channel: 1, base: "" }, its);
    await expect(driver.set(true)).rejects.toThrow(/no connection/);
  });
});

describe("gpioset", () => {
  test("that is not installed is said, with what to do", async () => {
    vi.stubEnv("PATH", "/nonexistent");
    await expect(openGpiod({ pin: 17 }, context())).rejects.toThrow(/relay lamp: gpioset is not installed: .*apt-get/);
  });

  test("that refuses the line gives its own reason", async () => {
    const fake = new FakeGpioset(2);
    closings.push(() => fake.close());
    vi.stubEnv("PATH", `${fake.folder}:${process.env["PATH"]}`);
    await expect(openGpiod({ pin: 17, chip: "gpiochip9" }, context())).rejects.toThrow(
      /GPIO17 on gpiochip9 cannot be used: gpioset: cannot find GPIO chip 'gpiochip9'/,
    );
  });

  test("that ends by itself is told as lost, and held anew in off", async () => {
    const fake = new FakeGpioset(2);
    closings.push(() => fake.close());
    vi.stubEnv("PATH", `${fake.folder}:${process.env["PATH"]}`);
    const lost = vi.fn();
    const driver = await openGpiod({ pin: 17 }, context({ lost }));
    closings.push(() => driver.close());
    await driver.set(true);
    expect(fake.line(17)).toBe("1");
    process.kill(fake.holder ?? 0, "SIGTERM");
    await eventually(() => lost.mock.calls.length > 0);
    expect(fake.line(17)).toBe("0");
    await eventually(() => driver.set(true).then(() => true));
    expect(fake.line(17)).toBe("1");
  });
});

test("a machine without GPIO is told what to use", async () => {
  await expect(openOnoff({ pin: 17 }, context(), { sysfs: "/nonexistent" })).rejects.toThrow(
    // Without the package that is said first.
    /use driver gpiod/,
  );
});
