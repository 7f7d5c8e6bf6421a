import { effect, type ReadonlySignal } from "@preact/signals";
import type { PageBus } from "../bus/page-bus.ts";
import type { ServiceRecord } from "./service-record.ts";
import { followServices } from "./services.ts";
import { createTrends, SAMPLE_MS, type Trends } from "./trends.ts";
import {
  createTroubles,
  type Trouble,
  troubleOfBacklog,
  troubleOfDrops,
  troubleOfRefusal,
  troubleOfState,
} from "./troubles.ts";

const TICK_MS = SAMPLE_MS / 2;
/** So long without a tick, and the machine slept, or the browser put the page aside. */
const SLEPT_MS = 4 * TICK_MS;

/** How all services do, and what went wrong. It lives as long as the page, whichever view is open. */
export interface SystemStore {
  readonly services: ReadonlySignal<readonly ServiceRecord[]>;
  readonly troubles: ReadonlySignal<readonly Trouble[]>;
  readonly trends: Pick<Trends, "cpu" | "results">;
  close(): void;
}

/** Follows the bus; looks every 2.5 s who has become silent. */
export function createSystemStore(bus: PageBus): SystemStore {
  const troubles = createTroubles();
  const trends = createTrends();
  const services = followServices(bus, {
    changed: (service, before) => troubleOfState(troubles, service, before),
    heard: (service, rise) => {
      troubleOfDrops(troubles, service, rise);
      troubleOfBacklog(troubles, service);
    },
  });
  bus.subscribe(bus.topics.relayEvent.matching(), ({ names, value, arrivedAt }) => {
    if ("refused" in value) troubleOfRefusal(troubles, names.relay, value, arrivedAt);
  });

  let refused = 0;
  const forgetRefused = effect(() => {
    const count = bus.refused.value - refused;
    refused += count;
    if (count > 0) troubles.add({ what: "payloads" }, Date.now(), count);
  });
  const forgetConnection = effect(() => {
    const connection = bus.connection.value;
    if (connection.status === "offline")
      troubles.add({ what: connection.missing === "broker" ? "broker-away" : "service-away" }, connection.since);
    else if (connection.status === "online") {
      troubles.end(["broker-away", "service-away"], Date.now());
      services.excuse(Date.now());
    }
  });

  let tickedAt = Date.now();
  let ticks = 0;
  const timer = setInterval(() => {
    const now = Date.now();
    if (now - tickedAt > SLEPT_MS) services.excuse(now);
    tickedAt = now;
    ticks += 1;
    // Cut off, the page hears nobody, and knows nothing of anybody.
    const hears = bus.connection.peek().status === "online";
    if (hears) services.judge(now);
    if (ticks % 2 === 0) trends.sample(hears ? services.all.peek() : [], now);
  }, TICK_MS);

  return {
    services: services.all,
    troubles: troubles.last,
    trends,
    close: () => {
      clearInterval(timer);
      forgetRefused();
      forgetConnection();
    },
  };
}
