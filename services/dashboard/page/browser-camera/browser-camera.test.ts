import type { Frame } from "@beckon/protocol";
import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LocalRoi } from "../app.ts";
import { fakeBus } from "../bus/testing/fake-bus.ts";
import { BrowserCamera } from "./browser-camera.ts";
import { cameraSettings } from "./camera-settings.ts";
import { LISTEN_MS } from "./name-check.ts";
import { aPicture, JPEG } from "./testing/a-picture.ts";
import type { ViewfinderEvents } from "./viewfinder.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A camera in a browser without a device: pictures come when the test says so. */
function setUp({
  name = "phone-1",
  available = true,
  error,
}: {
  name?: string;
  available?: boolean;
  error?: string;
} = {}) {
  const bus = fakeBus();
  const hidden = signal(false);
  const localRoi = signal<LocalRoi | undefined>(undefined);
  const settings = cameraSettings({ getItem: () => null, setItem: () => undefined }, "");
  settings.name.value = name;
  const opened: (ViewfinderEvents & { device: string; close: () => void; open: boolean })[] = [];
  const awake = { now: false };
  const camera = new BrowserCamera({
    bus,
    settings,
    localRoi,
    platform: {
      available,
      hidden,
      open: async (device, events) => {
        if (error) throw Object.assign(new Error("no"), { name: error });
        const one = {
          ...events,
          device,
          open: true,
          stream: {} as MediaStream,
          close: () => {
            one.open = false;
          },
        };
        opened.push(one);
        return one;
      },
      devices: async () => [{ id: "usb", label: "USB camera" }],
      stayAwake: () => {
        awake.now = true;
        return () => {
          awake.now = false;
        };
      },
    },
  });
  const shows = async (pictures: number): Promise<void> => {
    for (let count = 0; count < pictures; count += 1) {
      for (const one of opened) if (one.open) one.picture(aPicture());
      await vi.advanceTimersByTimeAsync(1000 / 15);
    }
  };
  const frames = (camera = name): Frame[] => bus.heardAt(`beckon/${camera}/frame`);
  const begin = async (): Promise<void> => {
    const started = camera.start();
    await vi.advanceTimersByTimeAsync(LISTEN_MS);
    await started;
  };
  return { bus, hidden, localRoi, settings, opened, awake, camera, shows, frames, begin };
}

describe("this browser as a camera", () => {
  it("sends nothing before its name is known to be free, then each picture, and keeps the screen on", async () => {
    const { camera, shows, frames, awake, begin, localRoi } = setUp();
    const started = camera.start();
    await shows(3);
    expect([camera.status.value, frames().length]).toEqual(["checking", 0]);
    await vi.advanceTimersByTimeAsync(LISTEN_MS);
    await started;
    await shows(5);
    expect([camera.status.value, frames().length, awake.now]).toEqual(["on", 5, true]);
    expect(camera.devices.value).toEqual([{ id: "usb", label: "USB camera" }]);
    camera.stop();
    await shows(5);
    expect([camera.status.value, frames().length, awake.now]).toEqual(["off", 5, false]);
    expect(localRoi.value).toBeUndefined();
    await begin();
    await shows(1);
    expect(frames()[5]?.envelope?.boot, "another life has another boot").not.toBe(frames()[0]?.envelope?.boot);
  });

  it.each(["relay", "../etc", "a/b", "<b>x</b>", "+", "#", "", "Ärger", "a".repeat(33), "__proto__"])(
    "refuses the name %j with the reason, and opens nothing",
    async (name) => {
      const { camera, opened } = setUp({ name });
      await camera.start();
      expect(camera.trouble.value).toMatchObject({ kind: "name", detail: expect.stringMatching(/^(must|is) /) });
      expect([camera.status.value, opened.length]).toEqual(["off", 0]);
    },
  );

  it.each([
    ["with an envelope", { seq: 1, boot: "mg2k1x0z-a9f3", at: 1, width: 8, height: 8 }],
    ["without one", undefined],
  ])("refuses a name under which another camera speaks, %s", async (_, envelope) => {
    const { camera, bus, opened } = setUp();
    const started = camera.start();
    await vi.advanceTimersByTimeAsync(LISTEN_MS / 2);
    bus.say(bus.topics.frame({ camera: "phone-1" }), envelope ? { jpeg: JPEG, envelope } : { jpeg: JPEG });
    await started;
    expect([camera.status.value, camera.trouble.value?.kind, opened[0]?.open]).toEqual(["off", "taken", false]);
    expect(bus.wanted).toEqual([]);
  });

  it.each([
    ["NotAllowedError", "refused"],
    ["NotFoundError", "none"],
    ["OverconstrainedError", "none"],
    ["NotReadableError", "busy"],
    ["constructor", "other"],
  ])("says what is wrong at a %s: %s", async (error, kind) => {
    const { camera } = setUp({ error });
    await camera.start();
    expect([camera.status.value, camera.trouble.value?.kind]).toEqual(["off", kind]);
  });

  it("says that the origin is insecure where the browser gives no camera", async () => {
    const { camera } = setUp({ available: false });
    await camera.start();
    expect(camera.trouble.value?.kind).toBe("insecure");
  });

  it("closes the device when the page is hidden, and goes on by itself when it is seen again", async () => {
    const { camera, hidden, opened, shows, frames, begin } = setUp();
    await begin();
    await shows(2);
    hidden.value = true;
    expect([camera.status.value, opened[0]?.open]).toEqual(["paused", false]);
    hidden.value = false;
    await vi.advanceTimersByTimeAsync(LISTEN_MS);
    await shows(2);
    expect([camera.status.value, opened.length, frames().length]).toEqual(["on", 2, 4]);
  });

  it("keeps no device open that came when the page was hidden, and goes on when it is seen again", async () => {
    const { camera, hidden, opened, shows, frames } = setUp();
    const started = camera.start();
    hidden.value = true;
    await started;
    await shows(5);
    expect([camera.status.value, opened[0]?.open, frames().length]).toEqual(["paused", false, 0]);
    hidden.value = false;
    await vi.advanceTimersByTimeAsync(LISTEN_MS);
    await shows(2);
    expect([camera.status.value, opened[1]?.open, frames().length]).toEqual(["on", true, 2]);
  });

  it("stays off when it is stopped while the page is hidden", async () => {
    const { camera, hidden, opened, begin } = setUp();
    await begin();
    hidden.value = true;
    camera.stop();
    hidden.value = false;
    await vi.advanceTimersByTimeAsync(LISTEN_MS);
    expect([camera.status.value, opened.length]).toEqual(["off", 1]);
  });

  it("waits for the broker, and goes on by itself after an outage", async () => {
    const { camera, bus, shows, frames } = setUp();
    bus.connection.value = { status: "offline", since: 0, missing: "broker" };
    void camera.start();
    await shows(100);
    expect(camera.status.value).toBe("checking");
    bus.connection.value = { status: "online" };
    await vi.advanceTimersByTimeAsync(LISTEN_MS);
    await shows(2);
    bus.connection.value = { status: "offline", since: 0, missing: "broker" };
    await shows(2);
    bus.connection.value = { status: "online" };
    await shows(2);
    expect([frames().length, camera.sender.value?.skipped.value]).toEqual([4, 2]);
  });

  it("stops when the device is pulled out, and says so", async () => {
    const { camera, opened, begin } = setUp();
    await begin();
    opened[0]?.ended();
    expect([camera.status.value, camera.trouble.value?.kind]).toEqual(["off", "ended"]);
  });

  it("closes a device that comes after it was stopped", async () => {
    const { camera, opened } = setUp();
    const started = camera.start();
    camera.stop();
    await started;
    expect([camera.status.value, opened[0]?.open]).toEqual(["off", false]);
  });

  it("changes the device under way without another boot", async () => {
    const { camera, opened, shows, frames, begin } = setUp();
    await begin();
    await shows(2);
    await camera.choose("usb");
    await shows(2);
    expect(opened.map(({ device, open }) => [device, open])).toEqual([
      ["user", false],
      ["usb", true],
    ]);
    expect(frames().map(({ envelope }) => [envelope?.seq, envelope?.boot === frames()[0]?.envelope?.boot])).toEqual(
      [0, 1, 2, 3].map((seq) => [seq, true]),
    );
  });

  it("opens the device that is chosen while another one is asked for", async () => {
    const { camera, opened, begin } = setUp();
    const begun = begin();
    await camera.choose("usb");
    await begun;
    expect(camera.status.value).toBe("on");
    expect(opened.map(({ device, open }) => [device, open])).toEqual([
      ["user", false],
      ["usb", true],
    ]);
  });

  it("takes the last of several that are chosen in a hurry", async () => {
    const { camera, opened, begin } = setUp();
    await begin();
    await Promise.all([camera.choose("environment"), camera.choose("usb")]);
    expect([camera.status.value, opened.filter(({ open }) => open).map(({ device }) => device)]).toEqual([
      "on",
      ["usb"],
    ]);
  });

  it("sends the region that is chosen, here or on another view, and the usual square before", async () => {
    const { camera, shows, frames, begin, localRoi } = setUp();
    await begin();
    await shows(1);
    localRoi.value?.set([0.1, 0.1, 0.5, 0.5]);
    await shows(1);
    expect(frames().map(({ envelope }) => envelope?.roi)).toEqual([
      [0.275, 0.2, 0.45, 0.6],
      [0.1, 0.1, 0.5, 0.5],
    ]);
    expect([localRoi.value?.camera, camera.roi.value]).toEqual(["phone-1", [0.1, 0.1, 0.5, 0.5]]);
  });

  it("says so when its frames do not come through, and takes it back when they do", async () => {
    const { camera, bus, shows, begin } = setUp();
    await begin();
    const { publish } = bus;
    // As a gate that drops them: sent, and heard by nobody.
    Object.assign(bus, { publish: async () => true });
    await shows(100);
    expect([camera.status.value, camera.trouble.value?.kind]).toEqual(["on", "unheard"]);
    Object.assign(bus, { publish });
    await shows(1);
    expect(camera.trouble.value).toBeUndefined();
  });
});
