import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import {
  aborted,
  type BusHost,
  type HostContext,
  isLoopback,
  reachable,
  type Service,
  ServiceFailure,
  throttled,
  urlHost,
} from "@beckon/runtime";
import { openAccess, type User, usersAccess } from "./access.ts";
import { type Broker, joinedPair, type Loss, openBroker } from "./broker.ts";
import { BrokerConfig } from "./config.ts";
import { type Listener, listen, secured } from "./listener.ts";
import { LOGIN_MS, Lobby } from "./lobby.ts";
import { createWebSocketGate } from "./websocket-gate.ts";

/** What `host` of this service returns: a page needs the second address. */
export interface BrokerHost extends BusHost {
  /** `ws://127.0.0.1:9001`; undefined without such a listener. */
  readonly websocketUrl: string | undefined;
  /** The port of each listener that is open, as it was found. */
  readonly ports: Readonly<Partial<Record<Door["setting"], number>>>;
}

/** A listener as the configuration has it. */
interface Door {
  readonly setting: "broker.port" | "broker.websocketPort" | "broker.tls.port" | "broker.tls.websocketPort";
  readonly scheme: "mqtt" | "mqtts" | "ws" | "wss";
  readonly host: string;
  readonly port: number;
}

/** Most connections that have not logged in: a whole house comes back at once after an outage. */
const MAX_STRANGERS = 64;

export interface BrokerService extends Service<BrokerConfig> {
  host(context: HostContext<BrokerConfig>): Promise<BrokerHost>;
}

/** The embedded broker: MQTT 3.1.1 for one home, over TCP, TLS and WebSocket. */
export function createBrokerService(): BrokerService {
  return {
    kind: "broker",
    config: BrokerConfig,
    host: openHost,
    run: async ({ signal, ready }) => {
      ready();
      await aborted(signal);
    },
  };
}

async function openHost(context: HostContext<BrokerConfig>): Promise<BrokerHost> {
  const { config, log, stats } = context;
  const doors = doorsOf(config);
  requireUsers(config, doors);
  const secureContext = config.tls && (await readCertificate(config.tls));
  const complaints = throttled(log);
  const complain = (loss: Loss, detail: string): void => complaints.warn(loss, `${loss}: ${detail}`);
  const lost = (loss: Loss, detail: string): void => {
    stats.drop(loss);
    complain(loss, detail);
  };
  const users = Object.fromEntries(Object.entries(config.users).map(([name, user]) => [name, grantOf(user)]));
  const isNamed = Object.keys(users).length > 0;
  const broker = await openBroker({
    access: isNamed ? usersAccess(users, context.topics.prefix) : openAccess(),
    limits: { payloadBytes: config.maxPacketBytes },
    stats,
    lost: complain,
  });
  const lobby = new Lobby({ connections: config.maxConnections, strangers: MAX_STRANGERS, loginMs: LOGIN_MS }, lost);
  const listeners: Listener[] = [];
  const close = async (): Promise<void> => {
    for (const listener of listeners.splice(0).reverse()) listener.close();
    await broker.close();
    lobby.clear();
  };
  const ports: Partial<Record<Door["setting"], number>> = {};
  const urls: Partial<Record<Door["scheme"], string>> = {};
  try {
    for (const door of doors) {
      const address = { ...door, search: config.portSearch };
      const listener = await listen(address, visitorHandler(door, { broker, lobby, config, secureContext, lost }));
      listeners.push(listener);
      ports[door.setting] = listener.port;
      urls[door.scheme] = `${door.scheme}://${urlHost(reachable(door.host))}:${listener.port}`;
      if (door.port !== 0 && listener.port !== door.port)
        log.info(`port ${door.port} is in use: ${door.setting} is ${listener.port} instead`);
      warnOfClearText(door, log);
    }
  } catch (error) {
    await close();
    throw error;
  }
  const everywhere = doors.some(({ host }) => reachable(host) !== host)
    ? ", and under every address of this machine"
    : "";
  log.info(`the broker listens at ${Object.values(urls).join(", ")}${everywhere}`);
  return {
    connect: () => broker.connect(),
    visit: (address) => {
      const [near, far] = joinedPair();
      const visitor = lobby.enter(near, address);
      if (visitor) broker.handle(near, visitor);
      return far;
    },
    url: urls.mqtt ?? urls.mqtts ?? urls.ws ?? urls.wss ?? "",
    websocketUrl: urls.ws ?? urls.wss,
    ports,
    close,
  };
}

function doorsOf({ host, port, websocketPort, tls }: BrokerConfig): Door[] {
  const secureHost = tls?.host ?? host;
  const doors: (Omit<Door, "port"> & { port: number | null | undefined })[] = [
    { setting: "broker.port", scheme: "mqtt", host, port },
    { setting: "broker.websocketPort", scheme: "ws", host, port: websocketPort },
    { setting: "broker.tls.port", scheme: "mqtts", host: secureHost, port: tls?.port },
    { setting: "broker.tls.websocketPort", scheme: "wss", host: secureHost, port: tls?.websocketPort },
  ];
  const open = doors.filter((door): door is Door => typeof door.port === "number");
  if (open.length === 0) throw new ServiceFailure("the broker listens nowhere: set broker.port, or broker.tls.port");
  return open;
}

function requireUsers({ users }: BrokerConfig, doors: readonly Door[]): void {
  const wide = doors.find(({ host }) => !isLoopback(host));
  if (wide && Object.keys(users).length === 0)
    throw new ServiceFailure(
      `the broker would let in everybody at ${wide.host}:${wide.port}: add broker.users, or set the host to 127.0.0.1`,
    );
}

function warnOfClearText({ scheme, host }: Door, log: HostContext<BrokerConfig>["log"]): void {
  if ((scheme === "mqtt" || scheme === "ws") && !isLoopback(host))
    log.warn(`${scheme} at ${host} carries passwords and pictures in the clear: broker.tls encrypts them`);
}

interface Hall {
  readonly broker: Broker;
  readonly lobby: Lobby;
  readonly config: BrokerConfig;
  readonly secureContext: SecureContext | undefined;
  readonly lost: (loss: Loss, detail: string) => void;
}

/** What becomes of a connection that a listener accepted. */
function visitorHandler(door: Door, { broker, lobby, config, secureContext, lost }: Hall): (socket: Socket) => void {
  const isSecure = door.scheme === "mqtts" || door.scheme === "wss";
  const isWebSocket = door.scheme === "ws" || door.scheme === "wss";
  const { hosts, origins, maxPacketBytes } = config;
  const gate = createWebSocketGate({ hosts, origins, messageBytes: 2 * maxPacketBytes, lost });
  return (accepted) => {
    const visitor = lobby.enter(accepted, accepted.remoteAddress);
    if (!visitor) return;
    const socket =
      isSecure && secureContext
        ? secured(accepted, secureContext, (reason) => lost("tls", `${visitor.address}: ${reason}`))
        : accepted;
    if (isWebSocket) gate(socket, (stream) => broker.handle(stream, visitor));
    else broker.handle(socket, visitor);
  };
}

function grantOf({ password, role, cameras }: BrokerConfig["users"][string]): User {
  return { password, role, ...(cameras && { cameras }) };
}

async function readCertificate({ cert, key }: { cert: string; key: string }): Promise<SecureContext> {
  const read = (file: string, setting: string): Promise<Buffer> =>
    readFile(file).catch((error: NodeJS.ErrnoException) => {
      throw new ServiceFailure(`cannot read ${setting} "${file}": ${error.code ?? error.message}`, { cause: error });
    });
  const [certificate, privateKey] = [await read(cert, "broker.tls.cert"), await read(key, "broker.tls.key")];
  try {
    return createSecureContext({ cert: certificate, key: privateKey, minVersion: "TLSv1.2" });
  } catch (error) {
    throw new ServiceFailure(
      `broker.tls.cert "${cert}" and broker.tls.key "${key}" are no certificate with its key in PEM: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
