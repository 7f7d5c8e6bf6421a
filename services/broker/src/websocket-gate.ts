import { createServer, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createWebSocketStream, WebSocketServer } from "ws";
import type { Loss } from "./broker.ts";
import { isLoopback } from "./listener.ts";

export interface GateOptions {
  /** Names and addresses under which it may be asked for, besides those of this machine itself. */
  readonly hosts: readonly string[];
  /** Pages that may connect: `https://home.example:8080`. */
  readonly origins: readonly string[];
  /** Most bytes of one WebSocket message. */
  readonly messageBytes: number;
  readonly lost: (loss: Loss, detail: string) => void;
}

/** Longest request that is read: one that has a few cookies of other services on the same name. */
const MAX_REQUEST_BYTES = 16_384;
const CLOSE_REASONS: Readonly<Record<400 | 403, string>> = { 400: "Bad Request", 403: "Forbidden" };

/**
 * Speaks HTTP on accepted connections, and turns an upgrade to a WebSocket with the subprotocol `mqtt` into a stream.
 *
 * Any page in a browser of the house may open a WebSocket to any address, and could switch a relay with it. So a page
 * must be one that is known, by its `Origin`; and the address must be one of ours, by its `Host`, or a page could have
 * its own name lead here. Programs send no `Origin`.
 *
 * @returns takes a connection, and what to do with the stream that comes of it
 */
export function createWebSocketGate(options: GateOptions): (socket: Socket, opened: (stream: Duplex) => void) => void {
  const waiting = new WeakMap<Duplex, (stream: Duplex) => void>();
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: options.messageBytes,
    perMessageDeflate: false,
    handleProtocols: () => "mqtt",
  });
  const http = createServer({ maxHeaderSize: MAX_REQUEST_BYTES }, (_request, response) => {
    response.writeHead(426, { connection: "close", upgrade: "websocket" }).end();
  });
  http.on("clientError", (_error, socket) => socket.destroy());
  http.on("upgrade", (request, socket, head) => {
    const opened = waiting.get(socket);
    const refusal = upgradeRefusal(request, options);
    if (!opened || refusal) {
      if (refusal) options.lost(refusal.loss, refusal.detail);
      refuse(socket, refusal?.loss === "no-mqtt" ? 400 : 403);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (websocket) => opened(createWebSocketStream(websocket)));
  });
  return (socket, opened) => {
    waiting.set(socket, opened);
    http.emit("connection", socket);
  };
}

function upgradeRefusal(
  { headers, socket }: IncomingMessage,
  { hosts, origins }: GateOptions,
): { loss: Loss; detail: string } | undefined {
  const { host = "", origin } = headers;
  const from = socket.remoteAddress ?? "an unknown address";
  if (!isOwnHost(host, socket.localAddress, hosts))
    return { loss: "foreign-host", detail: `${from} asked for ${shown(host)}: see broker.hosts` };
  if (origin !== undefined && !isOwnOrigin(origin, host, origins))
    return { loss: "foreign-origin", detail: `a page of ${shown(origin)}, at ${from}: see broker.origins` };
  const protocols = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  if (!protocols.includes("mqtt")) return { loss: "no-mqtt", detail: `${from} asked for ${shown(protocols.join())}` };
  return undefined;
}

function isOwnHost(host: string, localAddress: string | undefined, hosts: readonly string[]): boolean {
  const name = hostName(host);
  if (name === undefined) return false;
  return isLoopback(name) || name === plainAddress(localAddress) || hosts.some((own) => own.toLowerCase() === name);
}

/** A page that came from where it connects to is ours: then both are behind one proxy, and the host was checked. */
function isOwnOrigin(origin: string, host: string, origins: readonly string[]): boolean {
  const page = URL.canParse(origin) ? new URL(origin) : undefined;
  if (!page || !/^https?:$/.test(page.protocol)) return false;
  return (
    page.host === host.toLowerCase() || origins.some((own) => URL.canParse(own) && new URL(own).origin === page.origin)
  );
}

/** Without the port and, of an IPv6 address, the brackets. */
function hostName(host: string): string | undefined {
  if (!/^[\w.:[\]-]{1,255}$/.test(host) || !URL.canParse(`http://${host}`)) return undefined;
  return new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, "");
}

function plainAddress(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:/i, "");
}

function refuse(socket: Duplex, status: 400 | 403): void {
  socket.on("error", () => {});
  socket.end(`HTTP/1.1 ${status} ${CLOSE_REASONS[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
    socket.destroy(),
  );
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 128));
