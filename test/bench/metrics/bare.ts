/**
 * The least that a subscriber in this language costs: mqtt.js and zod, and nothing done with what they give. Argument: the
 * port. Says `ready`.
 */
import { Result } from "@beckon/protocol";
import { connect } from "mqtt";

const client = connect(`mqtt://127.0.0.1:${process.argv[2]}`, { clientId: `bare-${process.pid}` });
client.on("message", (_, payload) => {
  Result.parse(JSON.parse(payload.toString()));
});
await client.subscribeAsync("beckon/+/result/+");
console.log("ready");
