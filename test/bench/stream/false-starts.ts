import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { drawScene, randomStyle, seededRandom, shuffle } from "@beckon/synthetic";
import { encodeJpeg } from "@beckon/vision";
import { type Bar, formatTable } from "../bars.ts";
import { measureApart } from "../bench.ts";
import type { FalseStartsOutcome, FalseStartsRequest, Picture } from "./false-starts-round.ts";
import { shippedModel } from "./limits.ts";
import type { Scenario, Stage } from "./scenario.ts";

const MODELS = ["letters", "hand", "fingers"] as const;
const FPS = 10;
const MINUTES = 30;
const QUICK_MINUTES = 1;
/** Gesture starts an hour. */
const AIM = 1;
const DRAWN_ROOMS = 300;
const DRAWN_SIDE = 160;

/** What a hand-free half hour brings forth: nothing, it is hoped. */
export const falseStarts: Scenario = {
  name: "false-starts",
  about: `${MINUTES} minutes of pictures without a hand at ${FPS} frames a second, on a simulated clock`,
  async measure(stage) {
    const pictures = join(stage.folder, "hand-free.json");
    await writeFile(pictures, JSON.stringify(await picturesFor(stage)));
    const minutes = stage.quick ? QUICK_MINUTES : MINUTES;
    const outcomes: FalseStartsOutcome[] = [];
    const waiting = [...MODELS];
    const work = async (): Promise<void> => {
      for (let model = waiting.shift(); model !== undefined; model = waiting.shift()) {
        const request: FalseStartsRequest = { bundle: shippedModel(model), pictures, minutes, fps: FPS };
        const entry = new URL("./false-starts-round.ts", import.meta.url);
        outcomes.push(await measureApart<FalseStartsOutcome>(entry, request, stage.signal));
      }
    };
    // No time is measured here, so all cores may work.
    await Promise.all(Array.from({ length: Math.min(availableParallelism(), MODELS.length) }, work));
    const sorted = MODELS.flatMap((model) => outcomes.filter((outcome) => outcome.model === model));
    console.log(formatTable(["", "minutes", "starts", "an hour", "which"], sorted.flatMap(rowsOf)));
    return sorted.map(barOf);
  },
};

/** Photographs where they are, for drawn rooms are known to the models; mixed, so that each kind follows each other. */
async function picturesFor({ folder }: Stage): Promise<readonly Picture[]> {
  const data = join(process.env["BECKON_DATA"] ?? "../shared/data", "hand-others", "test");
  if (!existsSync(data)) {
    console.log(`Pictures: ${DRAWN_ROOMS} drawn rooms; photographs were looked for in BECKON_DATA and not found`);
    return drawRooms(join(folder, "rooms"));
  }
  const pictures: Picture[] = [];
  for (const source of (await readdir(data)).sort())
    for (const file of (await readdir(join(data, source, "others"))).sort())
      if (file.endsWith(".jpg")) pictures.push({ file: join(data, source, "others", file), source });
  console.log(
    `Pictures: ${pictures.length} photographs of BECKON_DATA's hand-others/test, which no model was trained on`,
  );
  shuffle(pictures, seededRandom(1));
  return pictures;
}

async function drawRooms(folder: string): Promise<readonly Picture[]> {
  await mkdir(folder, { recursive: true });
  const pictures: Picture[] = [];
  for (let index = 0; index < DRAWN_ROOMS; index++) {
    const style = randomStyle(seededRandom(3, index));
    const jpeg = await encodeJpeg(drawScene({ sign: "none", style, width: DRAWN_SIDE, height: DRAWN_SIDE }));
    const file = join(folder, `room-${index}.jpg`);
    await writeFile(file, jpeg);
    pictures.push({ file, source: "drawn rooms" });
  }
  return pictures;
}

function rowsOf({ model, sources }: FalseStartsOutcome): string[][] {
  return Object.entries(sources).map(([source, { minutes, starts }]) => [
    `${model}, ${source}`,
    minutes.toFixed(1),
    String(starts.length),
    ((starts.length * 60) / minutes).toFixed(1),
    tally(starts),
  ]);
}

/** `L at a.jpg 3, V at b.jpg 1`, the most frequent first. */
function tally(labels: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([label, count]) => `${label} ${count}`).join(", ");
}

function barOf({ model, sources }: FalseStartsOutcome): Bar {
  const all = Object.values(sources);
  const starts = all.reduce((sum, source) => sum + source.starts.length, 0);
  const anHour = (60 * starts) / all.reduce((sum, source) => sum + source.minutes, 0);
  return {
    what: `${model}: ${anHour.toFixed(1)} false gesture starts an hour`,
    bar: `aim: below ${AIM}`,
    passed: anHour < AIM,
  };
}
