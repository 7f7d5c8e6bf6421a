import { createServer, type Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import { type ListenAddress, listenAt } from "@beckon/runtime";

export interface Listener {
  readonly port: number;
  /** Refuses new connections; those that are open stay. */
  close(): void;
}

/** Without traffic for so long, the system asks whether the other side is still there. */
const PROBE_AFTER_MS = 30_000;

/**
 * Listens on TCP, with Nagle's algorithm off: it would hold each result back until the next frame.
 *
 * @throws {ServiceFailure} when the port is in use or may not be used, or the host is none of this machine
 */
export async function listen(address: ListenAddress, connected: (socket: Socket) => void): Promise<Listener> {
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS }, connected);
  return { port: await listenAt(server, address), close: () => server.close() };
}

/** TLS on a connection that was accepted; its handshake is under the deadline of whoever accepted it. */
export function secured(socket: Socket, secureContext: SecureContext, failed: (reason: string) => void): TLSSocket {
  const secure = new TLSSocket(socket, { isServer: true, secureContext });
  // Garbage in place of a handshake is emitted as this one, and ends the connection.
  secure.on("_tlsError", (error: Error) => failed(error.message));
  secure.on("error", () => {});
  return secure;
}
