import { ServiceFailure } from "@beckon/runtime";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BackOff } from "./back-off.ts";
import { CameraLoop, type CameraLoopOptions } from "./camera-loop.ts";
import { CameraPublisherConfig, type ChosenCamera } from "./config.ts";
import { type CapturedFrame, SourceError } from "./frame-source.ts";
import { sleep } from "./sleep.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const FRAME: CapturedFrame = { jpeg: Uint8Array.of(0xff, 0xd8), at: 1 };

type Open = NonNullable<CameraLoopOptions["open"]>;

function cameraOf(section: Record<string, unknown>): ChosenCamera {
  return CameraPublisherConfig.parse({ cameras: { desk: section } }).cameras["desk"] as ChosenCamera;
}

/** A loop over a source of the test's own, and what it did. */
function start(open: Open, camera = cameraOf({ source: "ffmpeg", device: "/dev/video0" })) {
  const stop = new AbortController();
  const said: string[] = [];
  const opened: number[] = [];
  const offered: CapturedFrame[] = [];
  const say = (text: string): void => void said.push(text);
  const begin = Date.now();
  const loop = new CameraLoop({
    name: "desk",
    camera,
    signal: stop.signal,
    log: { info: say, warn: say, debug: () => {} } as unknown as CameraLoopOptions["log"],
    offer: (frame) => void offered.push(frame),
    restarted: () => {},
    backOff: new BackOff(() => 0.5),
    open: (live, context) => {
      opened.push(Date.now() - begin);
      return open(live, context);
    },
  });
  let outcome: unknown = "running";
  const running = loop.run().then(
    () => {
      outcome = "ended";
    },
    (error: unknown) => {
      outcome = error;
    },
  );
  return { loop, stop, said, opened, offered, running, outcome: () => outcome };
}

async function* dying(): AsyncGenerator<CapturedFrame> {
  yield* [];
  throw new SourceError("the cable is out; plug it in");
}

describe("a camera's loop", () => {
  it("opens a source that dies again after 1 s, doubling to 30 s, and tells the reason once", async () => {
    const { opened, said, stop, running, outcome } = start(dying);
    await vi.advanceTimersByTimeAsync(95_000);
    expect(opened).toEqual([0, 1000, 3000, 7000, 15_000, 31_000, 61_000, 91_000]);
    expect(said).toEqual(["desk: the cable is out; plug it in; trying again, now in 1.0 s"]);
    stop.abort();
    await running;
    expect(outcome()).toBe("ended");
  });

  it("says that frames flow again, and then waits 1 s again at the next failure", async () => {
    let tries = 0;
    const { opened, said, stop, running } = start(async function* (_, { signal }) {
      tries += 1;
      if (tries !== 3) throw new SourceError("the cable is out");
      for (let second = 0; second < 12; second++) {
        yield FRAME;
        await sleep(1000, signal);
      }
      throw new SourceError("the cable is out");
    });
    await vi.advanceTimersByTimeAsync(17_000);
    expect(opened).toEqual([0, 1000, 3000, 16_000]);
    expect(said.filter((line) => line.includes("flow again"))).toHaveLength(1);
    expect(said.filter((line) => line.includes("the cable is out"))).toHaveLength(2);
    stop.abort();
    await running;
  });

  it("opens a source again that delivers nothing for 10 s, and stops the silent one", async () => {
    const stopped: boolean[] = [];
    const { opened, said, offered, stop, running } = start(async function* (_, { signal }) {
      yield FRAME;
      await sleep(1e9, signal);
      stopped.push(signal.aborted);
    });
    await vi.advanceTimersByTimeAsync(9900);
    expect(opened).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1300);
    expect(opened).toHaveLength(2);
    expect(offered).toHaveLength(2);
    expect(stopped).toEqual([true]);
    expect(said[0]).toBe("desk: ffmpeg delivered nothing for 10 s; trying again, now in 1.0 s");
    stop.abort();
    await running;
  });

  it("leaves a source that takes a picture every minute in peace", async () => {
    const { opened, stop, running } = start(
      async function* (live, { signal }) {
        for (;;) {
          yield FRAME;
          await sleep((live() as { every: number }).every, signal);
          if (signal.aborted) return;
        }
      },
      cameraOf({ source: "node-webcam", every: 60_000 }),
    );
    await vi.advanceTimersByTimeAsync(600_000);
    expect(opened).toHaveLength(1);
    stop.abort();
    await running;
  });

  it("gives up with one line what cannot come back", async () => {
    const { running, outcome } = start(async function* () {
      yield* [];
      throw new ServiceFailure("ffmpeg is not installed: sudo apt-get install ffmpeg");
    });
    await running;
    expect(outcome()).toBeInstanceOf(ServiceFailure);
    expect((outcome() as Error).message).toBe("desk: ffmpeg is not installed: sudo apt-get install ffmpeg");
  });

  it("does not hide a mistake of ours behind a retry", async () => {
    const { running, outcome } = start(async function* () {
      yield* [];
      throw new TypeError("undefined is not a function");
    });
    await running;
    expect(outcome()).toBeInstanceOf(TypeError);
  });

  it("ends with a video that has ended", async () => {
    const { running, said, outcome } = start(async function* () {
      yield FRAME;
    });
    await running;
    expect(outcome()).toBe("ended");
    expect(said).toEqual(["desk: the video has ended"]);
  });

  it("opens a device again at once for another frame rate, and for nothing else", async () => {
    const { loop, opened, stop, running, said } = start(async function* (_, { signal }) {
      yield FRAME;
      await sleep(5000, signal);
    });
    await vi.advanceTimersByTimeAsync(10);
    loop.change({ ...loop.live(), roi: [0, 0, 1, 1], mirror: true });
    await vi.advanceTimersByTimeAsync(10);
    expect(opened).toHaveLength(1);
    loop.change({ ...loop.live(), fps: 5 });
    await vi.advanceTimersByTimeAsync(10);
    expect(opened).toHaveLength(2);
    expect(loop.live()).toMatchObject({ fps: 5, roi: [0, 0, 1, 1], mirror: true });
    expect(said).toEqual([]);
    stop.abort();
    await running;
  });
});
