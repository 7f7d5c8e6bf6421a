import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { isLoopback, type ListenAddress, listenAt } from "@beckon/runtime";
import type { Certificate } from "../certificate/certificate.ts";

export interface ListenOptions extends ListenAddress {
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
/** Whoever reads no answer holds a connection for this long, or twice. What is a WebSocket has limits of its own. */
const IDLE_MS = 12_000;
const HANDSHAKE_MS = 10_000;
const GOODBYE_MS = 300;

/** @throws {ServiceFailure} when the port is in use or may not be used, or the host is none of this machine */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { certificate } = options;
  const answer = oneByOne(options.answer);
  const secure =
    certificate &&
    createSecureServer({ ...LIMITS, ...certificate, minVersion: "TLSv1.2", handshakeTimeout: HANDSHAKE_MS }, answer);
  const server: Server = secure ?? createServer(LIMITS, answer);
  server.maxHeadersCount = MAX_HEADERS;
  server.maxConnections = options.maxConnections;
  server.timeout = IDLE_MS;
  server.on("upgrade", options.upgrade);
  server.on("clientError", refuseGarbage);
  // What is written to it waits for a handshake that will not end, and the connection would stay for ever.
  server.on("tlsClientError", (_error, socket: Socket) => socket.destroy());
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    if (hasTooMany(socket, sockets, options.maxConnections)) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const port = await listenAt(server, options);
  return {
    port,
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

/**
 * Ends a connection that asks again before it was answered, which no browser does: the answers wait for the one before,
 * and of a client that reads none they took 11 GB.
 */
function oneByOne(answer: ListenOptions["answer"]): ListenOptions["answer"] {
  return (request, response) => {
    // Node gives an answer its socket when it is its turn.
    if (response.socket) answer(request, response);
    else request.socket.destroy();
  };
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
