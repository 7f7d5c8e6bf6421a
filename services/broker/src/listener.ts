import { createServer, isIP, type Server, type Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import { ServiceFailure } from "@beckon/runtime";

export interface Address {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** As in beckon.yaml, for the failure to name it: `broker.port`. */
  readonly setting: string;
  /** Take the next free one when it is in use, of so many. */
  readonly search: boolean;
}

export interface Listener {
  readonly port: number;
  /** Refuses new connections; those that are open stay. */
  close(): void;
}

const SEARCHED_PORTS = 20;
/** Without traffic for so long, the system asks whether the other side is still there. */
const PROBE_AFTER_MS = 30_000;

/**
 * Listens on TCP, with Nagle's algorithm off: it would hold each result back until the next frame.
 *
 * @throws {ServiceFailure} when the port is in use or may not be used, or the host is none of this machine
 */
export async function listen(address: Address, connected: (socket: Socket) => void): Promise<Listener> {
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS }, connected);
  const tries = address.search && address.port > 0 ? SEARCHED_PORTS : 1;
  for (let attempt = 0; ; attempt++) {
    const port = address.port + attempt;
    try {
      await bound(server, address.host, port);
      break;
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      if (!isTaken || attempt + 1 >= tries || port >= 65_535) throw failure(address, error);
    }
  }
  server.on("error", () => {});
  const bind = server.address();
  return { port: bind && typeof bind === "object" ? bind.port : address.port, close: () => server.close() };
}

/** TLS on a connection that was accepted; its handshake is under the deadline of whoever accepted it. */
export function secured(socket: Socket, secureContext: SecureContext, failed: (reason: string) => void): TLSSocket {
  const secure = new TLSSocket(socket, { isServer: true, secureContext });
  // Garbage in place of a handshake is emitted as this one, and ends the connection.
  secure.on("_tlsError", (error: Error) => failed(error.message));
  secure.on("error", () => {});
  return secure;
}

/** As it stands in a URL. */
export function urlHost(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
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

function failure({ host, port, setting, search }: Address, error: unknown): ServiceFailure {
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
      return new ServiceFailure(`"${host}" is no address of this machine: set the host of ${setting}`);
    default:
      return new ServiceFailure(`cannot listen on port ${port} of ${host} (${setting}): ${message}`, { cause: error });
  }
}
