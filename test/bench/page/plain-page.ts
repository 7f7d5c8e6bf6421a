/** A page that shows the same frames and nothing else: what any page with them must cost. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { type Onlooker, topics } from "../../stream/onlooker.ts";

const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>Nothing but the picture</title>
<canvas width="640" height="480"></canvas>
<script>
  const canvas = document.querySelector("canvas");
  const context = canvas.getContext("2d");
  const socket = new WebSocket(location.origin.replace("http", "ws"));
  socket.binaryType = "arraybuffer";
  let busy = false;
  socket.onmessage = async ({ data }) => {
    if (busy) return;
    busy = true;
    const picture = await createImageBitmap(new Blob([data], { type: "image/jpeg" }));
    if (canvas.width !== picture.width) [canvas.width, canvas.height] = [picture.width, picture.height];
    context.drawImage(picture, 0, 0);
    picture.close();
    busy = false;
  };
</script>
`;

export interface PlainPage {
  readonly url: string;
  close(): Promise<void>;
}

export async function servePlainPage(bus: Onlooker, camera: string): Promise<PlainPage> {
  const server = createServer((_, response) => response.setHeader("content-type", "text/html").end(PAGE));
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  const stop = new AbortController();
  const frames = bus.bus.subscribe(topics.frame.matching({ camera }), { signal: stop.signal });
  void (async () => {
    for await (const { value } of frames)
      sockets.clients.forEach((socket: WebSocket) => {
        socket.send(value.jpeg);
      });
  })().catch(() => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: async () => {
      stop.abort();
      for (const socket of sockets.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
