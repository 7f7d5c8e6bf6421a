import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { isLoopback, type Logger, type OwnWeb, reachable, type Stats, urlHost } from "@beckon/runtime";
import type { CertificateSource } from "../certificate/certificate-source.ts";
import type { DashboardConfig } from "../config.ts";
import type { MqttGate } from "../gate/mqtt-gate.ts";
import { createFrontDesk, type Site } from "./front-desk.ts";
import { type Listener, type ListenOptions, listen } from "./listen.ts";

export interface DoorsOptions {
  readonly config: DashboardConfig;
  readonly own: OwnWeb;
  /** With one, the page is also behind HTTPS. */
  readonly certificates: CertificateSource | undefined;
  readonly page: Site;
  /** What other machines see over plain HTTP, where there is HTTPS. */
  readonly doormat: Site;
  readonly gate: MqttGate;
  readonly stats: Pick<Stats, "count" | "drop">;
  readonly log: Pick<Logger, "info" | "warn">;
}

export interface Doors {
  /** What a person at this machine opens. */
  readonly address: string;
  /** Of HTTP. */
  readonly port: number;
  close(): Promise<void>;
}

/** Where the page's MQTT is; see page/main.tsx. */
const MQTT_PATH = "/mqtt";

/**
 * Opens the HTTP server, and the HTTPS server where there is a certificate. Over HTTP other machines get no more than the
 * way to HTTPS then; this machine gets the page, for nobody listens inside of it.
 *
 * @param opened called with the port of HTTPS before anything is answered
 * @throws {ServiceFailure} when it cannot listen
 */
export async function openDoors(options: DoorsOptions, opened: (securePort: number) => void): Promise<Doors> {
  const { config, certificates, page, doormat } = options;
  const listeners: Listener[] = [];
  const closings: (() => void)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closings) end();
    await Promise.all(listeners.map((listener) => listener.close()));
  };
  const open = async (door: Pick<ListenOptions, "port" | "setting" | "certificate">, siteFor: SiteFor) => {
    const listener = await openDoor(options, door, siteFor);
    listeners.push(listener);
    return listener;
  };
  try {
    const secure =
      certificates &&
      (await open(
        { port: config.https.port, setting: "dashboard.https.port", certificate: certificates.current },
        () => page,
      ));
    if (secure) {
      opened(secure.port);
      closings.push(certificates.follow((renewed) => secure.renew(renewed)));
    }
    const plain = await open({ port: config.port, setting: "dashboard.port" }, ({ socket }) =>
      secure && !isWithin(socket) ? doormat : page,
    );
    return { address: ownAddress(config.host, plain.port, secure?.port), port: plain.port, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type SiteFor = (request: Pick<IncomingMessage, "socket">) => Site;

async function openDoor(
  { config, own, doormat, gate, stats, log }: DoorsOptions,
  door: Pick<ListenOptions, "port" | "setting" | "certificate">,
  siteFor: SiteFor,
): Promise<Listener> {
  const isSecure = door.certificate !== undefined;
  const listener = await listen({
    ...door,
    ...{ host: config.host, search: config.portSearch, maxConnections: config.maxConnections },
    answer: createFrontDesk({ own, isSecure, siteFor, stats, log }),
    upgrade: (request, socket, head) => {
      stats.count("upgrades");
      if (siteFor(request) === doormat || request.url?.split("?")[0] !== MQTT_PATH) refuseUpgrade(socket);
      else gate.handleUpgrade(request, socket, head);
    },
  });
  if (door.port !== 0 && listener.port !== door.port)
    log.info(`port ${door.port} is in use: ${door.setting} is ${listener.port} instead`);
  return listener;
}

/** Whether both ends of a connection are this machine. */
function isWithin({ remoteAddress = "", localAddress = "" }: IncomingMessage["socket"]): boolean {
  return isLoopback(remoteAddress) && isLoopback(localAddress);
}

function ownAddress(host: string, port: number, securePort: number | undefined): string {
  const here = reachable(host);
  return securePort === undefined || isLoopback(here)
    ? `http://${urlHost(here)}:${port}`
    : `https://${urlHost(here)}:${securePort}`;
}

function refuseUpgrade(socket: Duplex): void {
  socket.on("error", () => {});
  socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", () => socket.destroy());
}
