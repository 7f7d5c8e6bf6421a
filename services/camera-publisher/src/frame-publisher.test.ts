import { createBoot, createTopics, type Frame } from "@beckon/protocol";
import { createMemoryBus, MemoryHub, now, Stats } from "@beckon/runtime";
import { eventually } from "@beckon/runtime/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { CameraPublisherConfig, type ChosenCamera } from "./config.ts";
import { FramePublisher, type FramePublisherOptions } from "./frame-publisher.ts";
import { colourJpeg, noiseJpeg } from "./testing/pictures.ts";

const topics = createTopics();
const boot = createBoot(Date.now());

let small: Uint8Array;

beforeAll(async () => {
  small = await colourJpeg(64, 48, [10, 200, 10]);
});

function setUp(section: Record<string, unknown> = {}, more: Partial<FramePublisherOptions> = {}) {
  const stats = new Stats();
  const hub = new MemoryHub();
  const bus = createMemoryBus(hub, stats);
  const said: string[] = [];
  const received: Frame[] = [];
  const snapshots: Frame[] = [];
  let camera = CameraPublisherConfig.parse({ cameras: { desk: { source: "synthetic", fps: 120, ...section } } })
    .cameras["desk"] as ChosenCamera;
  const collect = async (into: Frame[], filter: ReturnType<typeof topics.frame.matching>): Promise<void> => {
    for await (const { value } of bus.subscribe(filter, { signal: new AbortController().signal })) into.push(value);
  };
  void collect(received, topics.frame.matching({ camera: "desk" }));
  void collect(snapshots, topics.snapshot.matching());
  const publisher = new FramePublisher({
    bus,
    topics,
    boot,
    stats,
    name: "desk",
    live: () => camera,
    snapshots: false,
    log: { warn: (text: string) => void said.push(text) } as unknown as FramePublisherOptions["log"],
    ...more,
  });
  const figures = () => stats.part("desk").take();
  const change = (changed: Partial<ChosenCamera>): void => {
    camera = { ...camera, ...changed } as ChosenCamera;
  };
  /** Waits until nothing is in hand. */
  const settled = () => eventually(() => figures().gauges["inHand"] === 0);
  return { publisher, bus, received, snapshots, figures, said, change, settled };
}

/** A bus whose publishing settles when the test says so. */
function slowBus({ backlog = 0 }: { backlog?: number } = {}) {
  const waiting: (() => void)[] = [];
  const publish = () => new Promise<boolean>((resolve) => waiting.push(() => resolve(true)));
  return { bus: { publish, backlog, connected: true } as FramePublisherOptions["bus"], waiting };
}

describe("the frame publisher", () => {
  it("writes who, when, how large and where to look into each frame, and leaves its pixels alone", async () => {
    const { publisher, received } = setUp({ roi: [0.25, 0.1, 0.5, 0.66667] });
    const at = now();
    publisher.offer({ jpeg: small, at });
    publisher.offer({ jpeg: small, at: at + 50 });
    await eventually(() => received.length === 2);
    expect(received.map(({ envelope }) => envelope)).toEqual([
      { seq: 0, boot, at, width: 64, height: 48, roi: [0.25, 0.1, 0.5, 0.6667] },
      { seq: 1, boot, at: at + 50, width: 64, height: 48, roi: [0.25, 0.1, 0.5, 0.6667] },
    ]);
    expect(Buffer.from(received[0]?.jpeg ?? []).subarray(-100)).toEqual(Buffer.from(small).subarray(-100));
  });

  it("names the default region in fractions: the centred square of 60 % of the height", async () => {
    const { publisher, received } = setUp();
    publisher.offer({ jpeg: small, at: now() });
    await eventually(() => received.length === 1);
    expect(received[0]?.envelope?.roi).toEqual([0.275, 0.2, 0.45, 0.6]);
  });

  it("follows a change of the region, the rate and how the camera hangs at the next frame", async () => {
    const { publisher, received, change, settled } = setUp();
    publisher.offer({ jpeg: small, at: 1000 });
    await settled();
    change({ roi: [0, 0, 1, 0.5], rotation: 90, mirror: true });
    publisher.offer({ jpeg: small, at: 2000 });
    await settled();
    await eventually(() => received.length === 2);
    expect(received[1]?.envelope).toMatchObject({ width: 48, height: 64, roi: [0, 0, 1, 0.5] });
  });

  it("has three small frames in flight at most, and skips and counts the others", async () => {
    const { bus, waiting } = slowBus();
    const { publisher, figures, settled } = setUp({}, { bus });
    for (let index = 0; index < 10; index++) {
      publisher.offer({ jpeg: small, at: index * 100 });
      await new Promise(setImmediate);
    }
    expect(waiting).toHaveLength(3);
    expect(figures()).toMatchObject({ counters: { frames: 10 }, drops: { busy: 7 }, gauges: { inHand: 3 } });
    for (const settle of waiting) settle();
    await settled();
    expect(figures()).toMatchObject({ counters: { frames: 10, published: 3 }, drops: { busy: 7 } });
  });

  it("has one large frame in flight at most", async () => {
    const { bus, waiting } = slowBus();
    const { publisher } = setUp({}, { bus });
    const large = await noiseJpeg(640, 480);
    for (let index = 0; index < 5; index++) {
      publisher.offer({ jpeg: large, at: index * 100 });
      await new Promise(setImmediate);
    }
    expect(waiting).toHaveLength(1);
  });

  it("skips frames while the socket is full", () => {
    const { bus, waiting } = slowBus({ backlog: 250_000 });
    const { publisher, figures } = setUp({}, { bus });
    publisher.offer({ jpeg: small, at: 1 });
    expect(waiting).toHaveLength(0);
    expect(figures().drops).toEqual({ busy: 1 });
  });

  it("keeps nothing for later while there is no connection", async () => {
    const { publisher, bus, figures, received } = setUp();
    await bus.close();
    publisher.offer({ jpeg: small, at: 1 });
    expect(figures()).toMatchObject({ counters: { frames: 1 }, drops: { offline: 1 } });
    expect(received).toHaveLength(0);
  });

  it("counts a frame that the connection lost on its way", async () => {
    const bus = { publish: async () => false, backlog: 0, connected: true } as FramePublisherOptions["bus"];
    const { publisher, figures, settled } = setUp({}, { bus });
    publisher.offer({ jpeg: small, at: 1 });
    await settled();
    expect(figures()).toMatchObject({ counters: { frames: 1 }, drops: { offline: 1 } });
  });

  it("publishes no more frames a second than it may", async () => {
    const { publisher, figures, settled } = setUp({ fps: 10 });
    for (let index = 0; index < 30; index++) publisher.offer({ jpeg: small, at: index * (1000 / 30) });
    await settled();
    const { drops } = figures();
    expect(drops["paced"]).toBe(20);
  });

  it("leaves out what is no JPEG or too large, says so once a second at most, and goes on", async () => {
    const { publisher, figures, said, received, settled } = setUp();
    const garbage = Uint8Array.from({ length: 500 }, (_, index) => index % 256);
    const bomb = Uint8Array.from([
      0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0xff, 0xff, 0xff, 0xff, 1, 1, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 1,
      2, 0xff, 0xd9,
    ]);
    const offers = [garbage, garbage, small.subarray(0, 200), new Uint8Array(2_000_001), bomb, small];
    for (const [index, jpeg] of offers.entries()) {
      publisher.offer({ jpeg, at: index * 100 });
      await settled();
    }
    expect(figures()).toMatchObject({
      counters: { frames: 6, published: 1 },
      drops: { "bad-image": 3, "too-large": 2 },
    });
    expect(received.map(({ envelope }) => envelope?.seq)).toEqual([0]);
    expect(said).toHaveLength(2);
    expect(said[0]).toMatch(/^desk: a frame is left out: not a JPEG/);
  });

  it("publishes no snapshots unless it was asked to, and then one a second", async () => {
    const without = setUp();
    const asked = setUp({}, { snapshots: true });
    for (const { publisher, settled } of [without, asked]) {
      for (let index = 0; index < 25; index++) {
        publisher.offer({ jpeg: small, at: index * 100 });
        await settled();
      }
    }
    await eventually(() => asked.received.length === 25 && without.received.length === 25);
    expect(without.snapshots).toHaveLength(0);
    expect(asked.snapshots.map(({ envelope }) => envelope?.at)).toEqual([0, 1000, 2000]);
  });
});
