import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { now } from "@beckon/runtime";
import { startTcpProxy, type TcpProxy } from "@beckon/runtime/testing";
import { BECKON, type BrokerName, freePort } from "../../bench/stream/services.ts";
import { Actor } from "./actor.ts";
import { brokerSpec } from "./broker-spec.ts";
import { type Lamp, openLamp } from "./lamp.ts";
import { CAMERA, ID, LAMP } from "./names.ts";
import { Witness } from "./witness.ts";

export const SERVICES = ["camera-publisher", "classifier", "interpreter", "relay"] as const;
export type ServiceName = (typeof SERVICES)[number];

export interface HomeOptions {
  readonly broker: BrokerName;
  /** Working folder of the services. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Folder for their logs, when they are to be kept. */
  readonly logs?: string | undefined;
  /** Services that reach the broker through a proxy. */
  readonly proxied?: readonly ServiceName[];
  /** What the drawn hand signs, and how fast: `A`, which switches the lamp on, unless other rules are given. */
  readonly hand?: Readonly<Record<string, unknown>>;
  readonly rules?: readonly object[];
}

/** A whole home, each service in a process of its own. */
export interface Home {
  readonly port: number;
  readonly broker: Actor;
  readonly services: Readonly<Record<ServiceName, Actor>>;
  readonly proxies: ReadonlyMap<ServiceName, TcpProxy>;
  readonly witness: Witness;
  readonly lamp: Lamp;
}

const HAND = { text: "A", letter: 1800, rest: 600, pause: 700 };
const RULES = [{ when: { gesture: "A" }, relay: LAMP, do: "on" }];

/** Starts a home, does something to it, and ends all of it whatever happens. */
export async function withHome<T>(options: HomeOptions, work: (home: Home) => Promise<T>): Promise<T> {
  const closings: (() => Promise<void> | void)[] = [];
  try {
    const port = await freePort();
    const lamp = await openLamp();
    closings.push(() => lamp.close());
    const broker = new Actor({
      ...(await brokerSpec(options, port)),
      cwd: options.folder,
      log: logOf(options, "broker"),
    });
    closings.push(() => broker.stop());
    await broker.start();
    const witness = await Witness.open(port);
    closings.push(() => witness.close());
    lamp.watch(witness);
    const proxies = new Map<ServiceName, TcpProxy>();
    for (const name of options.proxied ?? []) {
      const proxy = await startTcpProxy(port);
      closings.push(() => proxy.stop());
      proxies.set(name, proxy);
    }
    const actor = (name: ServiceName): Actor => serviceActor(name, proxies.get(name)?.port ?? port, lamp, options);
    const services = {
      "camera-publisher": actor("camera-publisher"),
      classifier: actor("classifier"),
      interpreter: actor("interpreter"),
      relay: actor("relay"),
    };
    closings.push(async () => void (await Promise.all(Object.values(services).map((service) => service.stop()))));
    options.signal.throwIfAborted();
    await Promise.all(Object.values(services).map((service) => service.start()));
    return await work({ port, broker, services, proxies, witness, lamp });
  } finally {
    await closeAll(closings.toReversed());
  }
}

/** Waits until something is so, and says whether it became so in time. */
export async function soon(check: () => boolean, within = 20_000): Promise<boolean> {
  const deadline = now() + within;
  while (!check()) {
    if (now() > deadline) return false;
    await sleep(5);
  }
  return true;
}

function serviceActor(name: ServiceName, port: number, lamp: Lamp, options: HomeOptions): Actor {
  const all = { "log.format": "json", ...settingsOf(name, lamp, options) };
  const set = Object.entries(all).flatMap(([key, value]) => ["--set", `${key}=${asFlag(value)}`]);
  const where = ["--mqtt", `mqtt://127.0.0.1:${port}`, "--id", ID];
  const command = [process.execPath, BECKON, name, ...where, ...set];
  const [program = "", ...args] = name === "relay" ? [...lamp.launcher, ...command] : command;
  const log = logOf(options, name);
  return new Actor({ name, command: [program, ...args], ready: /"msg":"ready"/, cwd: options.folder, log });
}

function settingsOf(
  name: ServiceName,
  lamp: Lamp,
  { hand = HAND, rules = RULES }: HomeOptions,
): Record<string, unknown> {
  if (name === "camera-publisher") return { [`${name}.cameras.${CAMERA}`]: { source: "synthetic", ...hand } };
  if (name === "relay") return { [`relay.relays.${LAMP}`]: { driver: lamp.driver, minOff: 0 }, "relay.rules": rules };
  return {};
}

function asFlag(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function logOf({ logs, broker }: HomeOptions, name: string): string | undefined {
  return logs === undefined ? undefined : join(logs, `${broker}-${name}.log`);
}

/** One that fails does not spare the others: a witness that stays would look for its broker for ever. */
async function closeAll(closings: readonly (() => Promise<void> | void)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closings)
    await (async () => close())().catch((error: unknown) => {
      failures.push(error);
    });
  if (failures.length > 0) throw failures[0];
}
