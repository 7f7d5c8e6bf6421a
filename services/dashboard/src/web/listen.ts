import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { isLoopback, ServiceFailure } from "@beckon/runtime";
import type { Certificate } from "../certificate/certificate.ts";

export interface ListenOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Take the next free one when it is in use. */
  readonly search: boolean;
  /** As in beckon.yaml, for a failure to name it. */
  readonly setting: "dashboard.port" | "dashboard.https.port";
  readonly maxConnections: number;
  /** Speaks TLS with it. */
  readonly certificate?: Certificate;
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

export interface Listener {
  readonly port: number;
  /** New connections get it. */
  renew(certificate: Certificate): void;
  /** Refuses new connections, and ends those that there are; a WebSocket has a moment for its goodbye. */
  close(): Promise<void>;
}

const SEARCHED_PORTS = 20;
/** A browser sends its request at once; who sends a byte a second holds a connection no longer than this. */
const LIMITS: ServerOptions = {
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 2000,
  noDelay: true,
};
const MAX_HEADERS = 100;
const HANDSHAKE_MS = 10_000;
const GOODBYE_MS = 300;

/** @throws {ServiceFailure} when the port is in use or may not be used, or the host is none of this machine */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { host, search, certificate, answer } = options;
  const secure =
    certificate &&
    createSecureServer({ ...LIMITS, ...certificate, minVersion: "TLSv1.2", handshakeTimeout: HANDSHAKE_MS }, answer);
  const server: Server = secure ?? createServer(LIMITS, answer);
  server.maxHeadersCount = MAX_HEADERS;
  server.maxConnections = options.maxConnections;
  server.on("upgrade", options.upgrade);
  server.on("clientError", refuseGarbage);
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    if (hasTooMany(socket, sockets, options.maxConnections)) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const tries = search && options.port > 0 ? SEARCHED_PORTS : 1;
  for (let attempt = 0; ; attempt++) {
    const port = options.port + attempt;
    try {
      await bound(server, host, port);
      break;
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      if (!isTaken || attempt + 1 >= tries || port >= 65_535) throw failure(options, error);
    }
  }
  server.on("error", () => {});
  const bind = server.address();
  return {
    port: bind && typeof bind === "object" ? bind.port : options.port,
    renew: ({ cert, key }) => secure?.setSecureContext({ cert, key, minVersion: "TLSv1.2" }),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, GOODBYE_MS);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** As it stands in a URL. */
export function urlHost(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

/** Where this machine reaches what listens on all its addresses. */
export function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}

/** One device of the network has half of the connections at most; on this machine a proxy may speak for all. */
function hasTooMany({ remoteAddress = "" }: Socket, open: ReadonlySet<Socket>, maxConnections: number): boolean {
  if (isLoopback(remoteAddress)) return false;
  const own = [...open].filter((socket) => socket.remoteAddress === remoteAddress).length;
  return own >= maxConnections / 2;
}

function refuseGarbage(error: NodeJS.ErrnoException, socket: Duplex): void {
  const status = error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
  if (error.code === "ECONNRESET" || !socket.writable) socket.destroy();
  else socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

function bound(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function failure({ host, port, setting, search }: ListenOptions, error: unknown): ServiceFailure {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "EADDRINUSE":
      return new ServiceFailure(
        search
          ? `ports ${port} to ${port + SEARCHED_PORTS - 1} on ${host} are in use: set ${setting}`
          : `port ${port} on ${host} is in use: set ${setting} to another, or stop what listens there`,
      );
    case "EACCES":
      return new ServiceFailure(`port ${port} on ${host} needs more rights: set ${setting} to one above 1023`);
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new ServiceFailure(`"${host}" is no address of this machine: set dashboard.host`);
    default:
      return new ServiceFailure(`cannot listen on port ${port} of ${host} (${setting}): ${message}`, { cause: error });
  }
}
