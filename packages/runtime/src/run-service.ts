import { createRequire } from "node:module";
import type { Duplex } from "node:stream";
import { createBoot, createTopics } from "@beckon/protocol";
import type { Logger } from "pino";
import { aborted } from "./aborted.ts";
import type { Bus } from "./bus.ts";
import { hasChangeable } from "./config/settings.ts";
import type { SharedConfig } from "./config/shared-config.ts";
import { within } from "./deadline.ts";
import { dialBroker } from "./dial-broker.ts";
import { instanceName } from "./instance-name.ts";
import { KeptSettings } from "./kept-settings.ts";
import { LiveSettings } from "./live-settings.ts";
import type { Monitor } from "./monitor.ts";
import { connectMqttBus, type MqttBusOptions } from "./mqtt-bus.ts";
import { openBroker } from "./open-broker.ts";
import { announce, lastWill } from "./presence.ts";
import type { BusHost, Service, ServiceContext } from "./service.ts";
import { Stats } from "./stats.ts";

/** A stop takes 5 s at most, even when the link is broken: the service its part, and the goodbyes theirs. */
const STOP_MS = 4000;
const GOODBYE_MS = 1000;

const { version } = createRequire(import.meta.url)("../package.json") as { version: string };

/** What a bus is told. */
export interface BusOptions extends MqttBusOptions {
  readonly will: NonNullable<MqttBusOptions["will"]>;
  readonly log: Logger;
  readonly stats: Stats;
}

/** `failed` rejects with a `ServiceFailure` on what cannot come back, such as a refused password. */
export type OpenBus = (options: BusOptions) => Bus & { readonly failed?: Promise<never> };

export interface RunOptions<C> {
  readonly config: C;
  readonly shared: Pick<SharedConfig, "prefix" | "mqtt" | "keepSettings">;
  readonly log: Logger;
  /** Stops the service. */
  readonly signal: AbortSignal;
  /** Names this instance in its topics; the machine's name unless given. Two processes of one id cannot both connect. */
  readonly id?: string;
  /** Called once, when everything runs, with the address that a person opens, where there is one. */
  readonly ready?: (address?: string) => void;
  /** Called with the broker that this service holds, before its own bus connects. */
  readonly hosted?: (host: BusHost) => void;
  /** How strangers come to a broker that another service of this process holds; by its URL unless given. */
  readonly visit?: (address: string) => Duplex;
  /** An MQTT connection unless given. */
  readonly openBus?: OpenBus;
  /** Where the service is shown to Prometheus; see `monitored`. */
  readonly monitor?: Monitor | undefined;
}

/**
 * Gives a service all it needs, runs it until the signal, and stops in the reverse order: the service, its last figures,
 * `offline`, the bus, the broker it held.
 *
 * @throws {ServiceFailure} when the service or its bus cannot go on
 */
export async function runService<C>(service: Service<C>, options: RunOptions<C>): Promise<void> {
  const { id = instanceName(), signal } = options;
  const log = options.log.child({ service: service.kind, id });
  const stop = new AbortController();
  const forward = (): void => stop.abort(signal.reason);
  if (signal.aborted) forward();
  signal.addEventListener("abort", forward, { once: true });
  const closings: Closing[] = [];
  try {
    await live(service, { ...options, id, log }, stop, (...closing) => closings.push(closing));
  } finally {
    stop.abort();
    signal.removeEventListener("abort", forward);
    await closeAll(closings.toReversed(), log);
  }
}

type Closing = readonly [what: string, close: () => Promise<void>];
type Life<C> = RunOptions<C> & { readonly id: string };

async function live<C>(
  service: Service<C>,
  options: Life<C>,
  stop: AbortController,
  onClose: (...closing: Closing) => void,
): Promise<void> {
  const { id, log, shared } = options;
  const { signal } = stop;
  const { kind } = service;
  const boot = createBoot(Date.now());
  const topics = createTopics(shared.prefix);
  const stats = new Stats();
  const own = {
    status: topics.status({ kind, id }),
    stats: topics.stats({ kind, id }),
    set: topics.serviceSet({ kind, id }),
    config: topics.serviceConfig({ kind, id }),
  };
  const state: { bus?: Bus; ready?: boolean } = {};
  const unshow = options.monitor?.add({
    ...{ service: kind, instance: id, version, stats },
    isConnected: () => state.bus?.connected === true,
    isReady: () => state.ready === true,
  });
  if (unshow) onClose("the monitor", async () => unshow());
  const { kept, config } = await keptOver(service, options);
  const host = await service.host?.({ config, log, stats, signal, topics });
  if (host) {
    onClose("the broker", () => host.close());
    options.hosted?.(host);
  }
  const { openBus = connectMqttBus } = options;
  const bus = openBus({
    ...shared.mqtt,
    ...(host ? { url: host.url, stream: () => host.connect() } : {}),
    clientId: [shared.prefix.replaceAll("/", "-"), kind, id].join("-"),
    will: lastWill(own.status, boot),
    log,
    stats,
  });
  state.bus = bus;
  onClose("the bus", () => bus.close());
  onClose("the goodbye", announce(bus, own, stats, { boot, version }));
  if (kept) onClose("the settings", () => kept.settled());
  const settings = new LiveSettings(service.config, config, { bus, topics: own, log, stats, signal, kept });
  const open = host ? undefined : openBroker(shared.mqtt);
  const visit = options.visit ?? ((address: string) => (host ? host.visit(address) : dialBroker(shared.mqtt)));
  const context: ServiceContext<C> = {
    ...{ config, id, boot, bus, topics, log, stats, signal, ...(open !== undefined && { openBroker: open }) },
    visit: (address = "this process") => visit(address),
    onChange: (listener) => settings.onChange(listener),
    ready: once((address) => {
      state.ready = true;
      log.info(address === undefined ? "ready" : `ready at ${address}`);
      options.ready?.(address);
    }),
  };
  await untilEnded((async () => service.run(context))(), [bus.failed ?? forever, settings.follow()], stop, log);
}

/** The configuration with what `/set` changed in an earlier run, where that is kept. */
async function keptOver<C>(
  service: Service<C>,
  { config, id, log, shared: { keepSettings } }: Life<C>,
): Promise<{ readonly config: C; readonly kept?: KeptSettings<C> }> {
  if (keepSettings === undefined || !hasChangeable(service.config)) return { config };
  return KeptSettings.open(service, config, { folder: keepSettings, id, log });
}

const forever = new Promise<never>(() => {});

/** Until the service has ended, by itself, by the signal, or because what it stands on has failed. */
async function untilEnded(
  running: Promise<void>,
  beside: readonly Promise<void>[],
  stop: AbortController,
  log: Logger,
): Promise<void> {
  const failures: unknown[] = [];
  const noted = (work: Promise<void>): Promise<void> => work.catch((error: unknown) => void failures.push(error));
  const ran = noted(running);
  // What runs beside it ends first only by failing, or by the signal.
  await Promise.race([ran, aborted(stop.signal), ...beside.map((work) => noted(work.then(() => forever)))]);
  const asked = stop.signal.aborted;
  stop.abort();
  if (!(await within(STOP_MS, ran))) log.warn(`did not stop within ${STOP_MS} ms; going without it`);
  const failure = failures.find((error) => !(asked && isAbort(error)));
  if (failure !== undefined) throw failure;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

/** One after another, whatever becomes of each: the last ones matter as much. */
async function closeAll(closings: readonly Closing[], log: Logger): Promise<void> {
  const until = performance.now() + GOODBYE_MS;
  for (const [what, close] of closings) {
    const left = Math.max(until - performance.now(), GOODBYE_MS / 5);
    try {
      if (!(await within(left, close()))) log.debug(`${what} took too long; going without it`);
    } catch (error) {
      log.warn(`${what} failed while stopping: ${(error as Error).message}`);
    }
  }
}

function once(run: (address?: string) => void): (address?: string) => void {
  let done = false;
  return (address) => {
    if (!done) run(address);
    done = true;
  };
}
