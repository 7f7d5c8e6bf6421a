import type { RelayCause, RelayCommand } from "@beckon/protocol";
import type { ReadonlySignal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type FakeBus, fakeBus } from "../bus/testing/fake-bus.ts";
import { createRelays, type LiveRelay } from "./relays.ts";
import { createServices } from "./services.ts";

const START = Date.parse("2026-03-01T12:00:00Z");
const BOOT = "mg2k1x0z-a9f3";
const BY_GESTURE: RelayCause = { by: "gesture", camera: "desk", gesture: "L" };

let bus: FakeBus;
let relays: ReadonlySignal<readonly LiveRelay[]>;

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  bus = fakeBus();
  relays = createRelays(bus, createServices(bus));
});
afterEach(() => {
  vi.useRealTimers();
});

const say = (state: "ON" | "OFF", cause: RelayCause = { by: "start" }, relay = "lamp"): void =>
  bus.say(bus.topics.relayState({ relay }), { state, since: Date.now(), cause });
const refuse = (refused: string, cause: RelayCause): void =>
  bus.say(bus.topics.relayEvent({ relay: "lamp" }), { refused, at: Date.now(), cause });
const commands = () => bus.heardAt<RelayCommand>("beckon/relay/lamp/set");
const lamp = () => relays.value[0] as LiveRelay;
const wishId = (): string => {
  const wish = lamp().wish.value;
  return wish.step === "pending" ? wish.id : "none pending";
};

describe("a relay", () => {
  it("shows its state, the cause in words and since when", () => {
    say("OFF");
    vi.advanceTimersByTime(5000);
    say("ON", BY_GESTURE);
    expect(lamp().now.value).toEqual({ on: true, since: START + 5000, cause: "because desk shows L" });
  });

  it("was switched just now although its clock is an hour behind", () => {
    say("OFF");
    const behind = { state: "ON" as const, since: START - 3_600_000, cause: BY_GESTURE };
    bus.say(bus.topics.relayState({ relay: "lamp" }), behind);
    expect(lamp().now.value.since).toBe(START);
  });

  it("is switched by a command that says which way, when, and which one it is", () => {
    say("OFF");
    lamp().switch(true);
    expect(commands()).toEqual([{ state: "ON", at: START, id: wishId() }]);
    say("ON", { by: "command", id: wishId() });
    expect(lamp().wish.value.step).toBe("none");
    lamp().switch(false);
    expect(commands()[1]?.state).toBe("OFF");
    expect(commands()[1]?.id).not.toBe(commands()[0]?.id);
  });

  it("is told the time by the service's clock, for its own may be off", () => {
    const told = createRelays(bus, createServices(bus), () => START - 90_000);
    say("OFF");
    told.value[0]?.switch(true);
    expect(commands()[0]?.at).toBe(START - 90_000);
  });

  it("says that it waits until the state is the wished one", () => {
    say("OFF");
    lamp().switch(true);
    say("OFF");
    expect(lamp().wish.value).toMatchObject({ step: "pending", on: true });
  });

  it("says why its command was refused", () => {
    say("OFF");
    lamp().switch(true);
    refuse("min-off", { by: "command", id: wishId() });
    expect(lamp().wish.value).toEqual({ step: "refused", reason: "min-off" });
  });

  it("tells of the refusal of a gesture, but not in place of its own answer", () => {
    say("OFF");
    refuse("stale", { ...BY_GESTURE, detail: "2 s old" });
    const refused = { step: "refused", reason: "stale", detail: "2 s old", cause: "because desk shows L" };
    expect(lamp().wish.value).toEqual(refused);
    lamp().switch(true);
    refuse("stale", BY_GESTURE);
    expect(lamp().wish.value.step).toBe("pending");
  });

  it("says when nobody answers, and when nothing could be sent", async () => {
    say("OFF");
    lamp().switch(true);
    vi.advanceTimersByTime(3100);
    expect(lamp().wish.value).toEqual({ step: "unanswered" });
    bus.deaf = true;
    lamp().switch(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(lamp().wish.value).toEqual({ step: "unsent" });
  });

  it("is away when the service that has it is", () => {
    say("ON");
    bus.say(bus.topics.serviceConfig({ kind: "relay", id: "pi" }), { relays: { lamp: {} } });
    bus.say(bus.topics.serviceConfig({ kind: "relay", id: "shed" }), { relays: { pump: {} } });
    bus.say(bus.topics.status({ kind: "relay", id: "shed" }), { state: "offline", boot: BOOT });
    expect(lamp().away.value).toBe(false);
    bus.say(bus.topics.status({ kind: "relay", id: "pi" }), { state: "offline", boot: BOOT });
    expect(lamp().away.value).toBe(true);
  });

  it("is one of 32 at most", () => {
    for (let number = 0; number < 40; number += 1) say("OFF", undefined, `made-up-${number}`);
    expect(relays.value).toHaveLength(32);
  });
});
