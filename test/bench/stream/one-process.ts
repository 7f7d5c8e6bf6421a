import { setTimeout as sleep } from "node:timers/promises";
import { createTopics, SpelledText } from "@beckon/protocol";
import { median } from "../bars.ts";
import { connectRaw, onPublish, subscribeRaw } from "./mqtt-wire.ts";
import { withPrograms } from "./programs.ts";
import { type Scenario, sampled } from "./scenario.ts";
import { freePort, startBeckon } from "./services.ts";

const FPS = 15;
const SETTLE_MS = 10_000;
const MEMORY_BAR_MB = 300;
/** Percent of one core. */
const CPU_BAR = 40;
/** Of the default configuration. */
const DESK = { camera: "desk" };

/** `npm start`: every service in one process, with the drawn hand before its camera. */
export const oneProcess: Scenario = {
  name: "one-process",
  about: `beckon up with the drawn hand at ${FPS} frames a second`,
  async measure({ folder, quick, signal }) {
    const seconds = quick ? 15 : 60;
    return withPrograms(signal, async (start) => {
      const [port, websocketPort] = [await freePort(), await freePort()];
      const settings = {
        "broker.port": port,
        "broker.websocketPort": websocketPort,
        "camera-publisher.cameras.desk.fps": FPS,
      };
      const up = await startBeckon("up", { port, folder, settings, args: ["--camera", "synthetic"] }, start);
      const reader = await openReader(port);
      await sleep(SETTLE_MS, undefined, { signal });
      const [cpu, results, since] = [up.cpu(), reader.results(), performance.now()];
      const memory: number[] = [];
      await sampled(500, () => memory.push(up.memory()), sleep(seconds * 1000, undefined, { signal }));
      const elapsed = performance.now() - since;
      const share = (100 * (up.cpu() - cpu)) / elapsed;
      const rate = ((reader.results() - results) * 1000) / elapsed;
      const most = Math.max(...memory);
      console.log(
        `over ${seconds} s: ${rate.toFixed(1)} results a second; memory ${median(memory).toFixed(0)} MB, ${most.toFixed(0)} at most; it spelled ${reader.spelled()}`,
      );
      reader.close();
      return [
        {
          what: `one process: ${most.toFixed(0)} MB resident at most`,
          bar: `at most ${MEMORY_BAR_MB} MB`,
          passed: most <= MEMORY_BAR_MB,
        },
        {
          what: `one process: ${share.toFixed(1)} % of a core`,
          bar: `at most ${CPU_BAR} %`,
          passed: share <= CPU_BAR,
        },
        {
          what: `one process: ${rate.toFixed(1)} results a second of ${FPS} frames`,
          bar: "at least 95 % of them",
          passed: rate >= 0.95 * FPS,
        },
      ];
    });
  },
};

/** Counts results and notes what is spelled. */
async function openReader(port: number) {
  const topics = createTopics();
  const textPath = topics.text(DESK).path;
  const texts: string[] = [];
  let results = 0;
  const socket = await connectRaw(port, `one-process-reader-${process.pid}`);
  onPublish(socket, (topic, payload) => {
    if (topic !== textPath) results += 1;
    else texts.push(SpelledText.parse(JSON.parse(payload.toString())).text);
  });
  await subscribeRaw(socket, textPath);
  await subscribeRaw(socket, topics.result({ ...DESK, model: "letters" }).path);
  return {
    results: () => results,
    /** The longest of each text, before it begins anew. */
    spelled: () =>
      texts
        .filter((text, index) => text !== "" && !(texts[index + 1] ?? "").startsWith(text))
        .map((text) => `"${text}"`)
        .join(", ") || "nothing",
    close: () => socket.destroy(),
  };
}
