/**
 * The least that any answer through a broker costs: sends a result's worth of bytes back for each frame, looking only
 * for its number. Arguments: port, topic of the frames, topic of the answers. Says `ready`.
 */
import { connectRaw, onPublish, publishPacket, subscribeRaw } from "./mqtt-wire.ts";

const [port = "", from = "", to = ""] = process.argv.slice(2);
/** As long as a result of ours. */
const FILLER = "x".repeat(320);

const socket = await connectRaw(Number(port), `echo-${process.pid}`);
onPublish(socket, (_, payload) => {
  const seq = /"seq":(\d+)/.exec(payload.toString("latin1", 0, 128))?.[1];
  if (seq !== undefined) socket.write(publishPacket(to, [Buffer.from(`{"seq":${seq},"filler":"${FILLER}"}`)]));
});
await subscribeRaw(socket, from);
console.log("ready");
