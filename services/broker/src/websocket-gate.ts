import { createServer, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { foreign, foreignDetail, type OwnWeb } from "@beckon/runtime";
import { createWebSocketStream, WebSocketServer } from "ws";
import type { Loss } from "./broker.ts";

export interface GateOptions extends OwnWeb {
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
 * Who may ask for one is judged by `foreign`.
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

function upgradeRefusal(request: IncomingMessage, own: OwnWeb): { loss: Loss; detail: string } | undefined {
  const loss = foreign(request, own);
  if (loss) return { loss, detail: foreignDetail(loss, request, "broker") };
  const protocols = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  if (protocols.includes("mqtt")) return undefined;
  const asked = JSON.stringify(protocols.join().slice(0, 128));
  return { loss: "no-mqtt", detail: `${request.socket.remoteAddress ?? "an unknown address"} asked for ${asked}` };
}

function refuse(socket: Duplex, status: 400 | 403): void {
  socket.on("error", () => {});
  socket.end(`HTTP/1.1 ${status} ${CLOSE_REASONS[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
    socket.destroy(),
  );
}
