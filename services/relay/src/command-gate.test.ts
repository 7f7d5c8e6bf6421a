import { beforeEach, expect, test } from "vitest";
import { type Arrival, CommandGate } from "./command-gate.ts";

const NOW = 1_800_000_000_000;

let gate: CommandGate;
beforeEach(() => {
  gate = new CommandGate({ maxAge: 1000, clockTolerance: 1000 });
});

function judge(command: Arrival["command"], more: Partial<Arrival> = {}): string | undefined {
  return gate.judge({ command, retained: false, qos: 1, wallTime: NOW, connectedFor: 60_000, ...more })?.reason;
}

test.each<[string, Arrival["command"], Partial<Arrival>, string | undefined]>([
  ["obeys a plain ON", { state: "ON" }, {}, undefined],
  ["obeys a command of now", { state: "ON", at: NOW - 20, id: "a" }, {}, undefined],
  [
    "obeys a command right after connecting, when its time says that it is of now",
    { state: "ON", at: NOW, id: "a" },
    { connectedFor: 5 },
    undefined,
  ],
  ["obeys a sender whose clock is a little off", { state: "ON", at: NOW + 900, id: "a" }, {}, undefined],
  ["refuses what is retained", { state: "ON", at: NOW, id: "a" }, { retained: true }, "retained"],
  ["refuses a plain OFF that is retained", { state: "OFF" }, { retained: true }, "retained"],
  ["ignores a plain ON in the first second of a connection", { state: "ON" }, { connectedFor: 999 }, "reconnect"],
  [
    "ignores an id without a time in the first second of a connection",
    { state: "ON", id: "a" },
    { connectedFor: 999 },
    "reconnect",
  ],
  ["refuses what is too old", { state: "ON", at: NOW - 2001, id: "a" }, {}, "stale"],
  ["refuses what is of the future", { state: "ON", at: NOW + 1001, id: "a" }, {}, "clock"],
  ["refuses a plain TOGGLE with QoS 1", { state: "TOGGLE" }, {}, "twice"],
  ["refuses a TOGGLE with a time but no id with QoS 1", { state: "TOGGLE", at: NOW }, {}, "twice"],
  ["obeys a plain TOGGLE with QoS 0", { state: "TOGGLE" }, { qos: 0 }, undefined],
  ["obeys a TOGGLE with an id", { state: "TOGGLE", at: NOW, id: "a" }, {}, undefined],
])("%s", (_, command, more, reason) => {
  expect(judge(command, more)).toBe(reason);
});

test("obeys an id once", () => {
  expect(judge({ state: "TOGGLE", at: NOW, id: "a" })).toBeUndefined();
  expect(judge({ state: "TOGGLE", at: NOW, id: "a" })).toBe("duplicate");
  expect(judge({ state: "TOGGLE", at: NOW, id: "b" })).toBeUndefined();
});

test("forgets an id after 10 minutes", () => {
  judge({ state: "ON", id: "a" });
  expect(judge({ state: "ON", id: "a" }, { wallTime: NOW + 599_999 })).toBe("duplicate");
  expect(judge({ state: "ON", id: "a" }, { wallTime: NOW + 1_200_000 })).toBeUndefined();
});

test("refuses new commands rather than forget old ones too early", () => {
  for (let i = 0; i < 4096; i += 1) expect(judge({ state: "ON", at: NOW, id: `${i}` })).toBeUndefined();
  expect(judge({ state: "ON", at: NOW, id: "one more" })).toBe("rate");
  expect(judge({ state: "ON", at: NOW, id: "0" })).toBe("duplicate");
  expect(judge({ state: "ON", id: "one more" }, { wallTime: NOW + 600_001 })).toBeUndefined();
});
