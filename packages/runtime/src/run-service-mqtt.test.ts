import { createTopics, type ServiceStatus, type Settings } from "@beckon/protocol";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { aborted } from "./aborted.ts";
import { changeable } from "./config/marks.ts";
import { connectMqttBus } from "./mqtt-bus.ts";
import { runService } from "./run-service.ts";
import type { Service } from "./service.ts";
import { Stats } from "./stats.ts";
import { type AedesBroker, startAedes } from "./testing/aedes.ts";
import { eventually } from "./testing/eventually.ts";
import { startTcpProxy, type TcpProxy } from "./testing/tcp-proxy.ts";

const schema = z.object({ maxAge: changeable(z.number().min(0)).default(1000) });
const topics = createTopics();
const silent = pino({ level: "silent" });

const interpreter: Service<z.infer<typeof schema>> = {
  kind: "interpreter",
  config: schema,
  run: ({ signal, ready }) => {
    ready();
    return aborted(signal);
  },
};

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function bench() {
  const broker: AedesBroker = await startAedes();
  closing.push(() => broker.stop());
  const wire: TcpProxy = await startTcpProxy(broker.port);
  closing.push(() => wire.stop());
  return { broker, wire };
}

/** Runs it over the wire, and stops it at the end of the test unless it has ended. */
function started(port: number, id = "desk") {
  const stop = new AbortController();
  const running = runService(interpreter, {
    config: schema.parse({}),
    id,
    shared: { prefix: "beckon", mqtt: { url: `mqtt://127.0.0.1:${port}` } },
    log: silent,
    signal: stop.signal,
  });
  const ended = running.then(
    () => undefined,
    (error: Error) => error,
  );
  closing.push(() => {
    stop.abort();
    return ended;
  });
  return { stop, running, ended };
}

/** Someone else on the same broker. */
function observer(broker: AedesBroker) {
  const stop = new AbortController();
  const bus = connectMqttBus({ url: broker.url, clientId: "observer", log: silent, stats: new Stats() });
  closing.push(() => {
    stop.abort();
    return bus.close();
  });
  const statuses: ServiceStatus["state"][] = [];
  const configs: Settings[] = [];
  const names = { kind: "interpreter", id: "desk" };
  void (async () => {
    for await (const { value } of bus.subscribe(topics.status(names), { signal: stop.signal }))
      statuses.push(value.state);
  })();
  void (async () => {
    for await (const { value } of bus.subscribe(topics.serviceConfig(names), { signal: stop.signal }))
      configs.push(value);
  })();
  return { bus, statuses, configs, names };
}

describe("runService over MQTT", () => {
  it("is online, then offline when it is stopped, for whoever comes later too", async () => {
    const { broker } = await bench();
    const { stop, running } = started(broker.port);
    const early = observer(broker);
    await eventually(() => expect(early.statuses.at(-1)).toBe("online"));
    stop.abort();
    await running;
    await eventually(() => expect(early.statuses.at(-1)).toBe("offline"));
    await early.bus.close();
    const late = observer(broker);
    await eventually(() => expect(late.statuses).toEqual(["offline"]));
    await eventually(() => expect(late.configs).toEqual([{ maxAge: 1000 }]));
  });

  it("is offline by its last will when its link dies, and online when it is back", async () => {
    const { broker, wire } = await bench();
    started(wire.port);
    const { statuses } = observer(broker);
    await eventually(() => expect(statuses.at(-1)).toBe("online"));
    await wire.cut();
    await eventually(() => expect(statuses.at(-1)).toBe("offline"));
    await wire.restore();
    await eventually(() => expect(statuses.at(-1)).toBe("online"));
  });

  it("tells a broker that came back with nothing who it is and how it is set", async () => {
    const { broker } = await bench();
    started(broker.port);
    const { bus, names, configs } = observer(broker);
    await eventually(() => configs.length === 1);
    await eventually(async () => {
      await bus.publish(topics.serviceSet(names), { maxAge: 250 });
      return configs.at(-1)?.["maxAge"] === 250;
    });
    await broker.restart();
    const after = observer(broker);
    await eventually(() => expect(after.statuses.at(-1)).toBe("online"));
    await eventually(() => expect(after.configs.at(-1)).toEqual({ maxAge: 250 }));
  });

  it("gives up the one that lost when two processes have one id, and leaves the other", async () => {
    const { broker } = await bench();
    const first = started(broker.port);
    const { statuses } = observer(broker);
    await eventually(() => expect(statuses.at(-1)).toBe("online"));
    const second = started(broker.port);
    const outcome = await Promise.race([first.ended, second.ended]);
    expect(outcome?.message).toContain("beckon-interpreter-desk");
    expect(outcome?.name).toBe("ServiceFailure");
    await eventually(() => expect(statuses.at(-1)).toBe("online"));
  });

  it("ends in time when the broker is gone", async () => {
    const { broker, wire } = await bench();
    const { stop, running } = started(wire.port);
    const { statuses } = observer(broker);
    await eventually(() => expect(statuses.at(-1)).toBe("online"));
    wire.blackHole();
    stop.abort();
    await running;
    await eventually(() => expect(statuses.at(-1)).toBe("offline"));
  });
});
