import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { LocalRoi } from "../app.ts";
import type { PageBus } from "../bus/page-bus.ts";
import { type Cameras, createCameras } from "./cameras.ts";
import { createRegions, type Regions } from "./regions.ts";
import { createRelays, type LiveRelay } from "./relays.ts";
import { createServices, type KnownService } from "./services.ts";

/** What the live view shows; it goes on while another view is looked at. */
export interface LiveStore {
  readonly cameras: Cameras;
  readonly relays: ReadonlySignal<readonly LiveRelay[]>;
  readonly regions: Regions;
  /** Who has which camera and which relay, and which model. */
  readonly services: ReadonlySignal<readonly KnownService[]>;
  /** Ms since the epoch, five times a second. */
  readonly now: ReadonlySignal<number>;
  stop(): void;
}

const TICK_MS = 200;
const TICKS_A_SECOND = 1000 / TICK_MS;
const DISCOVER_EVERY_MS = 15_000;

/** @param clock ms since the epoch, by which commands are judged */
export function createLiveStore(
  bus: PageBus,
  localRoi: ReadonlySignal<LocalRoi | undefined>,
  clock: () => number = Date.now,
): LiveStore {
  const services = createServices(bus);
  const cameras = createCameras(bus);
  const relays = createRelays(bus, services, clock);
  const now = signal(Date.now());
  let ticks = 0;
  const timer = setInterval(() => {
    now.value = Date.now();
    cameras.refresh(now.value);
    ticks += 1;
    if (ticks % TICKS_A_SECOND === 0) cameras.second(now.value);
  }, TICK_MS);
  const discover = (): void => {
    if (bus.connection.peek().status === "online" && !globalThis.document?.hidden) cameras.discover();
  };
  const discovery = setInterval(discover, DISCOVER_EVERY_MS);
  const stopFollowing = effect(() => {
    if (bus.connection.value.status === "online") discover();
  });
  return {
    cameras,
    relays,
    services,
    regions: createRegions(bus, services, localRoi),
    now,
    stop: () => {
      clearInterval(timer);
      clearInterval(discovery);
      stopFollowing();
    },
  };
}
