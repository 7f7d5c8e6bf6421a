import { type Frame, FrameEnvelope } from "@beckon/protocol";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fakeBus } from "../bus/testing/fake-bus.ts";
import { FrameSender, MOST_BACKLOG } from "./frame-sender.ts";
import { aPicture, JPEG } from "./testing/a-picture.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_763_632_801_234 });
});
afterEach(() => {
  vi.useRealTimers();
});

const start = (fps = 10) => {
  const bus = fakeBus();
  const sender = new FrameSender({ bus, camera: "phone-1", fps: () => fps, roi: () => [0.1, 0.2, 0.3, 0.4] });
  return { bus, sender };
};
const deferred = () => {
  let resolve: (jpeg: Uint8Array) => void = () => undefined;
  const promise = new Promise<Uint8Array>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
};
const frames = (bus: ReturnType<typeof fakeBus>): Frame[] => bus.heardAt("beckon/phone-1/frame");

describe("a frame that is sent", () => {
  it("carries an envelope that receivers accept, in the picture itself", async () => {
    const { bus, sender } = start();
    await sender.offer(aPicture({ at: 1_763_632_801_200, width: 480, height: 640 }));
    const [frame] = frames(bus);
    expect(FrameEnvelope.parse(frame?.envelope)).toEqual({
      seq: 0,
      boot: sender.boot,
      at: 1_763_632_801_200,
      width: 480,
      height: 640,
      roi: [0.1, 0.2, 0.3, 0.4],
    });
    expect([...(frame?.jpeg.subarray(0, 2) ?? [])]).toEqual([0xff, 0xd8]);
  });

  it("is the next in number", async () => {
    const { bus, sender } = start();
    for (let count = 0; count < 3; count += 1) {
      await sender.offer(aPicture());
      vi.advanceTimersByTime(100);
    }
    expect(frames(bus).map(({ envelope }) => envelope?.seq)).toEqual([0, 1, 2]);
    expect([sender.sent.value, sender.skipped.value]).toEqual([3, 0]);
  });
});

describe("the pace", () => {
  it.each([
    [15, 30, 15],
    [10, 30, 10],
    [30, 20, 20],
    [1, 30, 1],
  ])("of %i fps from a camera of %i gives %i a second", async (fps, camera, expected) => {
    const { bus, sender } = start(fps);
    for (let count = 0; count < camera * 4; count += 1) {
      await sender.offer(aPicture());
      vi.advanceTimersByTime(1000 / camera);
    }
    expect(frames(bus).length / 4).toBeCloseTo(expected, 0);
    expect(sender.skipped.value, "what is not its turn is not skipped").toBe(0);
  });
});

describe("newest wins:", () => {
  it("a frame is skipped, not queued, while another is encoded or not sent yet", async () => {
    const { bus, sender } = start();
    const encoding = deferred();
    const slow = sender.offer(aPicture({ encode: () => encoding.promise }));
    vi.advanceTimersByTime(100);
    await sender.offer(aPicture());
    encoding.resolve(JPEG);
    await slow;
    expect([frames(bus).length, sender.sent.value, sender.skipped.value]).toEqual([1, 1, 1]);
    vi.advanceTimersByTime(100);
    await sender.offer(aPicture());
    expect(sender.sent.value).toBe(2);
  });

  it("a frame is skipped while the socket is full, and without a connection", async () => {
    const { bus, sender } = start();
    const encode = vi.fn(aPicture().encode);
    bus.backlog = MOST_BACKLOG + 1;
    await sender.offer(aPicture({ encode }));
    bus.backlog = 0;
    bus.connection.value = { status: "offline", since: 0, missing: "broker" };
    vi.advanceTimersByTime(100);
    await sender.offer(aPicture({ encode }));
    expect(encode).not.toHaveBeenCalled();
    expect([frames(bus).length, sender.skipped.value]).toEqual([0, 2]);
  });

  it("a picture that the browser cannot encode, or the bus cannot send, is skipped", async () => {
    const { bus, sender } = start();
    await sender.offer(aPicture({ encode: async () => undefined }));
    vi.advanceTimersByTime(100);
    await sender.offer(aPicture({ encode: () => Promise.reject(new Error("out of memory")) }));
    vi.advanceTimersByTime(100);
    bus.deaf = true;
    await sender.offer(aPicture());
    expect([sender.sent.value, sender.skipped.value]).toEqual([0, 3]);
  });
});
