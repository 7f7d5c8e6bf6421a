import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { createTopics, type ServiceStats, type ServiceStatus, type Settings, type Topic } from "@beckon/protocol";
import { pino } from "pino";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { aborted } from "./aborted.ts";
import type { Bus } from "./bus.ts";
import { changeable, secret } from "./config/marks.ts";
import { createMemoryBus, MemoryHub } from "./memory-bus.ts";
import { type OpenBus, type RunOptions, runService } from "./run-service.ts";
import { type Service, type ServiceContext, ServiceFailure } from "./service.ts";
import { Stats } from "./stats.ts";
import { eventually } from "./testing/eventually.ts";

const schema = z.object({
  maxAge: changeable(z.number().min(0)).default(1000),
  engine: z.string().default("auto"),
  token: secret(z.string()).default("hush"),
});
type Config = z.infer<typeof schema>;

const topics = createTopics();
const names = { kind: "classifier", id: "desk" };
const silent = pino({ level: "silent" });

function service(
  run: (context: ServiceContext<Config>) => Promise<void> = async ({ ready, signal }) => {
    ready();
    await aborted(signal);
  },
): Service<Config> {
  return { kind: "classifier", config: schema, run };
}

/** Everything that comes on a topic, from now on. */
function collected<T>(hub: MemoryHub, topic: Topic<T>): T[] {
  const values: T[] = [];
  const bus = createMemoryBus(hub, new Stats());
  const subscription = bus.subscribe(topic, { signal: new AbortController().signal });
  void (async () => {
    for await (const { value } of subscription) values.push(value);
  })();
  return values;
}

class Bench {
  readonly hub = new MemoryHub();
  readonly stop = new AbortController();
  readonly statuses: ServiceStatus[] = collected(this.hub, topics.status(names));
  readonly stats: ServiceStats[] = collected(this.hub, topics.stats(names));
  readonly configs: Settings[] = collected(this.hub, topics.serviceConfig(names));
  readonly client: Bus = createMemoryBus(this.hub, new Stats());

  start(running: Service<Config>, options: Partial<RunOptions<Config>> = {}): Promise<void> {
    return runService(running, {
      config: schema.parse({}),
      id: "desk",
      shared: { prefix: "beckon", mqtt: { url: "mqtt://nowhere" } },
      log: silent,
      signal: this.stop.signal,
      openBus: ({ stats }) => createMemoryBus(this.hub, stats),
      ...options,
    });
  }

  set(patch: Settings): Promise<boolean> {
    return this.client.publish(topics.serviceSet(names), patch);
  }
}

afterEach(() => {
  vi.useRealTimers();
});

describe("runService", () => {
  it("says online, then its configuration without secrets, and at the end its figures, then offline", async () => {
    const bench = new Bench();
    const running = bench.start(service());
    await eventually(() => expect(bench.configs).toEqual([{ maxAge: 1000, engine: "auto" }]));
    expect(bench.statuses).toMatchObject([{ state: "online", version: "0.1.0", host: expect.any(String) }]);
    bench.stop.abort();
    await running;
    await eventually(() => expect(bench.statuses.map(({ state }) => state)).toEqual(["online", "offline"]));
    expect(bench.statuses[1]?.boot).toBe(bench.statuses[0]?.boot);
    expect(bench.stats).toHaveLength(1);
  });

  it("publishes its figures every 5 s, with those of the process", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const bench = new Bench();
    const running = bench.start(
      service(async ({ signal, stats }) => {
        stats.count("results", 3);
        await aborted(signal);
      }),
    );
    await vi.advanceTimersByTimeAsync(10_000);
    await eventually(() => expect(bench.stats).toHaveLength(2));
    expect(bench.stats[0]).toMatchObject({ counters: { results: 3 }, uptime: expect.any(Number) });
    expect(bench.stats[0]?.process.memory).toBeGreaterThan(10);
    bench.stop.abort();
    await running;
  });

  it("names its connection after prefix, kind and id, and leaves a last will", async () => {
    const bench = new Bench();
    bench.stop.abort();
    let seen: Parameters<OpenBus>[0] | undefined;
    await bench.start(service(), {
      shared: { prefix: "home/hands", mqtt: { url: "mqtt://broker", username: "me" } },
      openBus: (options) => {
        seen = options;
        return createMemoryBus(bench.hub, options.stats);
      },
    });
    expect(seen).toMatchObject({ clientId: "home-hands-classifier-desk", url: "mqtt://broker", username: "me" });
    expect(seen?.will?.topic).toBe("home/hands/service/classifier/desk/status");
    const will = topics.status(names).codec.decode(seen?.will?.payload ?? new Uint8Array());
    expect(will).toMatchObject({ state: "offline" });
  });

  it("changes its settings by /set, and shows them", async () => {
    const bench = new Bench();
    const seen: number[] = [];
    const running = bench.start(
      service(async ({ signal, onChange }) => {
        onChange(({ maxAge }) => void seen.push(maxAge));
        await aborted(signal);
      }),
    );
    await eventually(() => bench.configs.length === 1);
    await bench.set({ maxAge: 250 });
    await eventually(() => expect(bench.configs.at(-1)).toEqual({ maxAge: 250, engine: "auto" }));
    await bench.set({ maxAge: null });
    await eventually(() => expect(bench.configs.at(-1)).toEqual({ maxAge: 1000, engine: "auto" }));
    expect(seen).toEqual([250, 1000]);
    bench.stop.abort();
    await running;
  });

  it("keeps its settings, and counts, when a /set does not fit or a listener cannot follow", async () => {
    const bench = new Bench();
    const seen: number[] = [];
    let refusals = () => 0;
    const running = bench.start(
      service(async ({ signal, onChange, stats }) => {
        refusals = () => stats.take().drops["bad-set"] ?? 0;
        onChange(({ maxAge }) => void seen.push(maxAge));
        onChange(async ({ maxAge }) => {
          if (maxAge === 13) throw new Error("no such luck");
        });
        await aborted(signal);
      }),
    );
    await eventually(() => bench.configs.length === 1);
    await bench.set({ maxAge: -1 });
    await bench.set({ engine: "wasm" });
    await bench.set({ maxAge: 13 });
    await eventually(() => refusals() === 3);
    expect(seen, "the first listener has the old settings again").toEqual([13, 1000]);
    await bench.set({ maxAge: 14 });
    await eventually(() => expect(bench.configs.at(-1)).toMatchObject({ maxAge: 14 }));
    expect(bench.configs).toHaveLength(2);
    bench.stop.abort();
    await running;
  });

  it("says again that it is online after each reconnection, and counts them", async () => {
    const bench = new Bench();
    const connections = new EventEmitter();
    const running = bench.start(service(), {
      openBus: ({ stats }) => {
        const bus = createMemoryBus(bench.hub, stats);
        return {
          ...bus,
          connected: true,
          onConnect: (listener) => {
            listener();
            connections.on("connect", listener);
            return () => void connections.off("connect", listener);
          },
        };
      },
    });
    await eventually(() => bench.statuses.length === 1);
    connections.emit("connect");
    connections.emit("connect");
    await eventually(() => expect(bench.statuses.map(({ state }) => state)).toEqual(["online", "online", "online"]));
    expect(bench.configs).toHaveLength(3);
    bench.stop.abort();
    await running;
    await eventually(() => expect(bench.stats[0]?.counters["reconnects"]).toBe(2));
    expect(connections.listenerCount("connect"), "nothing is left behind").toBe(0);
  });

  it("gives the service time to say its last words before the bus closes", async () => {
    const bench = new Bench();
    const running = bench.start(
      service(async ({ bus, signal }) => {
        await aborted(signal);
        await sleep(20);
        await bus.publish(topics.text({ camera: "desk" }), { text: "BYE", last: "E", at: 1 });
      }),
    );
    const texts = collected(bench.hub, topics.text({ camera: "desk" }));
    await eventually(() => bench.statuses.length === 1);
    bench.stop.abort();
    await running;
    await eventually(() => expect(texts).toHaveLength(1));
  });

  it("ends with the one line of a service that cannot go on, offline and all", async () => {
    const bench = new Bench();
    const running = bench.start(
      service(async () => {
        throw new ServiceFailure("no camera at /dev/video9: plug one in");
      }),
    );
    await expect(running).rejects.toThrow("no camera at /dev/video9: plug one in");
    await eventually(() => expect(bench.statuses.at(-1)?.state).toBe("offline"));
  });

  it("stops the service when its bus cannot come back, and says why", async () => {
    const bench = new Bench();
    let stopped = false;
    const running = bench.start(
      service(async ({ signal }) => {
        await aborted(signal);
        stopped = true;
        signal.throwIfAborted();
      }),
      {
        openBus: ({ stats }) => ({
          ...createMemoryBus(bench.hub, stats),
          failed: Promise.reject(new ServiceFailure("the broker refuses the password of me")),
        }),
      },
    );
    await expect(running).rejects.toThrow("the broker refuses the password of me");
    expect(stopped).toBe(true);
  });

  it("takes the end of an aborted wait for the stop that it is", async () => {
    const bench = new Bench();
    const running = bench.start(service(({ signal }) => sleep(60_000, undefined, { signal })));
    await eventually(() => bench.statuses.length === 1);
    bench.stop.abort();
    await expect(running).resolves.toBeUndefined();
  });

  it("does not wait for ever for a service or a link that hangs", async () => {
    const bench = new Bench();
    const running = bench.start(
      service(() => new Promise(() => {})),
      {
        openBus: ({ stats }) => ({
          ...createMemoryBus(bench.hub, stats),
          connected: true,
          publish: () => new Promise(() => {}),
          close: () => new Promise(() => {}),
        }),
      },
    );
    await sleep(10);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    bench.stop.abort();
    await vi.advanceTimersByTimeAsync(6000);
    await expect(running).resolves.toBeUndefined();
  });

  it("opens a way to the broker for strangers: the one it was given, or its own broker's", async () => {
    const visited: string[] = [];
    const visitor = (name: string) => (address: string) => {
      visited.push(`${name} from ${address}`);
      return new PassThrough();
    };
    const visits = service(async ({ visit }) => {
      visit("192.0.2.7").destroy();
      visit().destroy();
    });
    await new Bench().start(visits, { visit: visitor("another's broker") });
    const close = async (): Promise<void> => {};
    const host = { url: "mqtt://127.0.0.1:1", connect: visitor("never"), visit: visitor("its own broker"), close };
    await new Bench().start({ ...visits, host: async () => ({ ...host, connect: () => host.connect("") }) });
    expect(visited).toEqual([
      "another's broker from 192.0.2.7",
      "another's broker from this process",
      "its own broker from 192.0.2.7",
      "its own broker from this process",
    ]);
  });

  it("opens the broker it holds before its bus, and closes it last", async () => {
    const bench = new Bench();
    const order: string[] = [];
    const broker: Service<Config> = {
      ...service(),
      host: async () => {
        order.push("listen");
        return {
          url: "mqtt://127.0.0.1:1",
          connect: () => {
            throw new Error("not reached");
          },
          visit: () => {
            throw new Error("not reached");
          },
          close: async () => void order.push("closed"),
        };
      },
    };
    const running = bench.start(broker, {
      hosted: ({ url }) => order.push(url),
      openBus: ({ stats, url, stream }) => {
        order.push(`bus to ${url}`);
        expect(stream).toBeTypeOf("function");
        const bus = createMemoryBus(bench.hub, stats);
        return {
          ...bus,
          connected: true,
          close: async () => {
            order.push("bus closed");
            await bus.close();
          },
        };
      },
      ready: () => order.push("ready"),
    });
    await eventually(() => order.includes("ready"));
    bench.stop.abort();
    await running;
    expect(order).toEqual([
      "listen",
      "mqtt://127.0.0.1:1",
      "bus to mqtt://127.0.0.1:1",
      "ready",
      "bus closed",
      "closed",
    ]);
  });

  it("tells once where a person finds it, when it is ready", async () => {
    const bench = new Bench();
    const told: (string | undefined)[] = [];
    const running = bench.start(
      service(async ({ ready, signal }) => {
        ready("http://127.0.0.1:8080");
        ready("http://elsewhere");
        await aborted(signal);
      }),
      { ready: (address) => told.push(address) },
    );
    await eventually(() => told.length > 0);
    bench.stop.abort();
    await running;
    expect(told).toEqual(["http://127.0.0.1:8080"]);
  });
});
