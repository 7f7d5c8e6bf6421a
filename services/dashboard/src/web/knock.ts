import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { generate, parser } from "mqtt-packet";

/** What a broker does with somebody who does not say who he is. */
export type Welcome = "open" | "asks" | "away";

const PATIENCE_MS = 4000;
/** CONNACK codes of MQTT 3.1.1, 3.2.2.3. */
const ACCEPTED = 0;
const NEEDS_LOGIN: readonly number[] = [4, 5];

/**
 * Knocks at the broker without a user or a password.
 *
 * @param dial opens a connection to it
 */
export function knock(dial: () => Duplex, patience = PATIENCE_MS): Promise<Welcome> {
  return new Promise((resolve) => {
    const stream = dial();
    const end = (welcome: Welcome): void => {
      clearTimeout(timer);
      resolve(welcome);
      // Who does not answer may not even take a goodbye, and would keep the process from ending.
      if (welcome === "away") stream.destroy();
      else stream.end(generate({ cmd: "disconnect" }), () => stream.destroy());
    };
    const timer = setTimeout(() => end("away"), patience);
    const answers = parser({ protocolVersion: 4 });
    answers.on("packet", (packet) => {
      if (packet.cmd !== "connack") end("away");
      else if (packet.returnCode === ACCEPTED) end("open");
      else end(NEEDS_LOGIN.includes(packet.returnCode ?? -1) ? "asks" : "away");
    });
    answers.on("error", () => end("away"));
    stream.on("data", (chunk: Buffer) => answers.parse(chunk));
    stream.on("error", () => end("away"));
    stream.on("close", () => end("away"));
    const clientId = `beckon-knock-${randomBytes(4).toString("hex")}`;
    stream.write(
      generate({ cmd: "connect", clientId, protocolId: "MQTT", protocolVersion: 4, clean: true, keepalive: 10 }),
    );
  });
}
