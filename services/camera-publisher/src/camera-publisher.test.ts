import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBoot, createTopics, type Frame } from "@beckon/protocol";
import { createMemoryBus, MemoryHub, type ServiceContext, ServiceFailure, Stats } from "@beckon/runtime";
import { eventually, noVisits } from "@beckon/runtime/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cameraPublisher, changedCamera } from "./camera-publisher.ts";
import { CameraPublisherConfig, type ChosenCamera } from "./config.ts";
import { descendants } from "./testing/children.ts";
import { type FakePrograms, fakePrograms } from "./testing/fake-programs.ts";
import { colourJpeg } from "./testing/pictures.ts";

const topics = createTopics();

let programs: FakePrograms;
let folder: string;
const stops: AbortController[] = [];

beforeEach(async () => {
  programs = await fakePrograms();
  folder = await mkdtemp(join(tmpdir(), "beckon-publisher-"));
  await writeFile(join(folder, "1.jpg"), await colourJpeg(64, 48, [9, 99, 9]));
});

afterEach(async () => {
  for (const stop of stops.splice(0)) stop.abort();
  await programs.remove();
  await rm(folder, { recursive: true, force: true });
});

/** Runs the service on a bus inside of the test. */
function start(section: Record<string, unknown>) {
  const stop = new AbortController();
  stops.push(stop);
  const stats = new Stats();
  const bus = createMemoryBus(new MemoryHub(), stats);
  const said: string[] = [];
  const received = new Map<string, Frame[]>();
  const config = CameraPublisherConfig.parse(section);
  let change: (config: CameraPublisherConfig) => void | Promise<void> = () => {};
  let ready = false;
  const say = (text: unknown): void => void said.push(String(text));
  void (async () => {
    for await (const { names, value } of bus.subscribe(topics.frame.matching(), { signal: stop.signal }))
      received.set(names.camera, [...(received.get(names.camera) ?? []), value]);
  })();
  const running = cameraPublisher.run({
    config,
    id: "test",
    boot: createBoot(Date.now()),
    bus,
    topics,
    stats,
    signal: stop.signal,
    log: { info: say, warn: say, error: say, debug: () => {} } as unknown as ServiceContext<unknown>["log"],
    visit: noVisits,
    onChange: (listener) => {
      change = listener;
    },
    ready: () => {
      ready = true;
    },
  });
  const set = (cameras: Record<string, unknown>) => change(CameraPublisherConfig.parse({ ...section, cameras }));
  const frames = (name: string): readonly Frame[] => received.get(name) ?? [];
  return { running, stop, stats, said, frames, set, isReady: () => ready };
}

describe("the camera publisher", () => {
  it("publishes several cameras side by side, each with its own sequence, until it is stopped", async () => {
    const { running, stop, frames, stats, isReady } = start({
      cameras: {
        drawn: { source: "synthetic", text: "HI", fps: 60 },
        pictures: { source: "folder", path: folder, fps: 60 },
      },
    });
    await eventually(() => frames("drawn").length >= 5 && frames("pictures").length >= 5);
    expect(isReady()).toBe(true);
    for (const name of ["drawn", "pictures"])
      expect(
        frames(name)
          .slice(0, 5)
          .map(({ envelope }) => envelope?.seq),
      ).toEqual([0, 1, 2, 3, 4]);
    stop.abort();
    await running;
    const { parts, facts } = stats.takeAll();
    expect(facts["sources"]).toBe("drawn: synthetic, pictures: folder");
    for (const name of ["drawn", "pictures"]) {
      const part = parts[name];
      const dropped = Object.values(part?.drops ?? {}).reduce((sum, count) => sum + count, 0);
      const settled = (part?.counters["published"] ?? 0) + dropped + (part?.gauges["inHand"] ?? 0);
      expect(part?.counters["frames"]).toBe(settled);
    }
  });

  it("chooses the drawn hand where there is no camera, and says so", async () => {
    programs.alone(true);
    const { frames, said, running, stop } = start({ cameras: { desk: { text: "HI" } } });
    // A machine with a camera of its own has no ffmpeg here, so that it too comes to the drawn hand.
    await eventually(() => frames("desk").length > 0);
    expect(said[0]).toMatch(/^desk: a drawn hand that signs "HI" \(.+\)$/);
    stop.abort();
    await running;
  });

  it("follows /set at once: rate, region and text", async () => {
    const desk = { source: "synthetic", text: "", fps: 60 };
    const { frames, set, running, stop } = start({ cameras: { desk } });
    await eventually(() => frames("desk").length > 3);
    await set({ desk: { ...desk, roi: [0, 0, 0.5, 0.5], text: "LLL" } });
    await eventually(() => frames("desk").at(-1)?.envelope?.roi?.join(" ") === "0 0 0.5 0.5");
    await set({ desk: { ...desk, rotation: 90 } });
    await eventually(() => frames("desk").at(-1)?.envelope?.width === 240);
    stop.abort();
    await running;
  });

  it("fails with one line when a camera cannot work here, and stops the others", async () => {
    programs.alone(true);
    const { running } = start({
      cameras: { pictures: { source: "folder", path: folder }, porch: { source: "ffmpeg", url: "rtsp://192.0.2.1/" } },
    });
    await expect(running).rejects.toThrow(ServiceFailure);
    await expect(running).rejects.toThrow("porch: ffmpeg is not installed: sudo apt-get install ffmpeg");
    expect(descendants()).toEqual([]);
  });

  it("refuses to run without a camera", async () => {
    await expect(start({ cameras: {} }).running).rejects.toThrow(/has no camera: name one/);
  });

  it("begins again with a source that died, and goes on counting", async () => {
    await programs.add(
      "rpicam-vid",
      `process.stdout.write(require("node:fs").readFileSync(${JSON.stringify(join(folder, "1.jpg"))}));
       console.error("the camera has gone"); process.exitCode = 1;`,
    );
    const { frames, said, stats, running, stop } = start({ cameras: { desk: { source: "rpicam" } } });
    await eventually(() => frames("desk").length === 2);
    expect(frames("desk").map(({ envelope }) => envelope?.seq)).toEqual([0, 1]);
    expect(said[1]).toMatch(/^desk: rpicam-vid ended: the camera has gone; trying again, now in \d\.\d s$/);
    expect(stats.part("desk").take().counters["restarts"]).toBe(1);
    stop.abort();
    await running;
    await eventually(() => descendants().length === 0);
  });
});

describe("a changed camera", () => {
  it("keeps what may not change, and the source that was chosen for it", () => {
    const chosen = CameraPublisherConfig.parse({ cameras: { desk: { source: "synthetic", text: "HI" } } }).cameras[
      "desk"
    ] as ChosenCamera;
    const { desk } = CameraPublisherConfig.parse({ cameras: { desk: { text: "BYE", fps: 5, width: 1000 } } }).cameras;
    if (!desk) throw new Error("no camera");
    expect(changedCamera(chosen, desk)).toEqual({ ...chosen, text: "BYE", fps: 5 });
  });
});
