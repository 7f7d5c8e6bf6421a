import type { Roi, Settings } from "@beckon/protocol";
import { type Signal, signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LocalRoi } from "../app.ts";
import { type FakeBus, fakeBus } from "../bus/testing/fake-bus.ts";
import { createRegions, type Regions } from "./regions.ts";
import { createServices } from "./services.ts";

const ROI: Roi = [0.1, 0.2, 0.3, 0.4];
const BOOT = "mg2k1x0z-a9f3";
const PUBLISHER = { kind: "camera-publisher", id: "pi" } as const;
const CLASSIFIER = { kind: "classifier", id: "gpu" } as const;

let bus: FakeBus;
let regions: Regions;
let local: Signal<LocalRoi | undefined>;

beforeEach(() => {
  vi.useFakeTimers();
  bus = fakeBus();
  local = signal(undefined);
  regions = createRegions(bus, createServices(bus), local);
});
afterEach(() => {
  vi.useRealTimers();
});

type Service = Readonly<{ kind: string; id: string }>;
const show = (service: Service, config: Settings): void => bus.say(bus.topics.serviceConfig(service), config);
const status = (service: Service, state: "online" | "offline"): void =>
  bus.say(bus.topics.status(service), { state, boot: BOOT });
const set = ({ kind, id }: Service): unknown[] => bus.heardAt(`beckon/service/${kind}/${id}/set`);
const saving = (camera = "desk") => regions.saving(camera).value;

describe("the region of a camera", () => {
  it("of a publisher of ours is kept there, and saved once it shows it", () => {
    show(CLASSIFIER, {});
    show(PUBLISHER, { cameras: { desk: { roi: "default" } } });
    regions.save("desk", ROI);
    expect(set(PUBLISHER)).toEqual([{ cameras: { desk: { roi: ROI } } }]);
    expect(set(CLASSIFIER)).toEqual([]);
    expect(saving()).toEqual({ step: "saving", roi: ROI });
    show(PUBLISHER, { cameras: { desk: { roi: ROI } } });
    expect(saving()).toEqual({ step: "saved" });
  });

  it("of other software is kept by every classifier that is online", () => {
    const gone = { kind: "classifier", id: "old" };
    for (const service of [CLASSIFIER, gone]) {
      show(service, {});
      status(service, service === gone ? "offline" : "online");
    }
    regions.save("porch", ROI);
    expect(set(CLASSIFIER)).toEqual([{ rois: { porch: ROI } }]);
    expect(set(gone)).toEqual([]);
    show(CLASSIFIER, { rois: { porch: ROI } });
    expect(saving("porch")).toEqual({ step: "saved" });
  });

  it("goes back to the default by taking the value away", () => {
    show(PUBLISHER, { cameras: { desk: { roi: ROI } } });
    regions.save("desk", undefined);
    expect(set(PUBLISHER)).toEqual([{ cameras: { desk: { roi: null } } }]);
    show(PUBLISHER, { cameras: { desk: { roi: "default" } } });
    expect(saving()).toEqual({ step: "saved" });
  });

  it("is not saved by another change of the same service", () => {
    show(PUBLISHER, { cameras: { desk: { roi: "default" } } });
    regions.save("desk", ROI);
    show(PUBLISHER, { cameras: { desk: { roi: "default", fps: 5 } } });
    expect(saving().step).toBe("saving");
    vi.advanceTimersByTime(5000);
    expect(saving()).toEqual({ step: "failed", why: "unconfirmed" });
  });

  it("cannot be saved while its publisher is away, nor when there is nobody", async () => {
    show(PUBLISHER, { cameras: { desk: {} } });
    show(CLASSIFIER, {});
    status(PUBLISHER, "offline");
    regions.save("desk", ROI);
    expect(saving()).toEqual({ step: "failed", why: "away" });
    expect(set(CLASSIFIER)).toEqual([]);
  });

  it("that cannot be sent is said to be", async () => {
    show(PUBLISHER, { cameras: { desk: {} } });
    bus.deaf = true;
    regions.save("desk", ROI);
    await vi.advanceTimersByTimeAsync(0);
    expect(saving()).toEqual({ step: "failed", why: "unsent" });
  });

  it("that is chosen after one that could not be sent is not said to be unsent", async () => {
    show(PUBLISHER, { cameras: { desk: {} } });
    bus.deaf = true;
    regions.save("desk", undefined);
    bus.deaf = false;
    regions.save("desk", ROI);
    await vi.advanceTimersByTimeAsync(0);
    expect(saving()).toEqual({ step: "saving", roi: ROI });
  });

  it("of this browser's camera stays in the browser", () => {
    const chosen: (Roi | undefined)[] = [];
    local.value = { camera: "phone", set: (roi) => chosen.push(roi) };
    regions.save("phone", ROI);
    expect(chosen).toEqual([ROI]);
    expect(saving("phone")).toEqual({ step: "saved" });
  });

  it("may be of a camera that is called like a part of JavaScript", () => {
    show(PUBLISHER, { cameras: { desk: {} } });
    show(CLASSIFIER, {});
    regions.save("constructor", ROI);
    expect(set(CLASSIFIER)).toEqual([{ rois: { constructor: ROI } }]);
  });
});
