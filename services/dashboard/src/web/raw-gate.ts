import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream";
import { foreign, type OwnWeb } from "@beckon/runtime";
import { createWebSocketStream, WebSocketServer } from "ws";

/** For loopback alone: every page that is ours may speak to the broker as it likes. */
export function createRawGate(own: OwnWeb, visit: (address?: string) => Duplex) {
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "mqtt", perMessageDeflate: false });
  return {
    upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
      if (request.url !== "/mqtt" || foreign(request, own)) {
        socket.destroy();
        return;
      }
      sockets.handleUpgrade(request, socket, head, (page) => {
        const stream = createWebSocketStream(page);
        const broker = visit(request.socket.remoteAddress);
        pipeline(stream, broker, stream, () => {});
      });
    },
    close: (): void => {
      for (const client of sockets.clients) client.terminate();
    },
  };
}
