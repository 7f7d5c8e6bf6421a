import type { RelayCause } from "@beckon/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  initialState,
  nextDeadline,
  type SwitchInput,
  type SwitchLimits,
  type SwitchState,
  step,
} from "./switch-core.ts";

const LIMITS: SwitchLimits = { minOff: 500, failSafe: "off", sourceTimeout: 2000 };
const START = 10_000;
const BY_GESTURE: RelayCause = { by: "gesture", gesture: "A", camera: "desk", model: "letters" };
const SOURCE = "desk/letters";

/** Runs inputs at their times, the driver answering at once, and writes down what happens. */
function play(
  limits: SwitchLimits,
  script: readonly (readonly [at: number, input: SwitchInput])[],
  { answers = true } = {},
): { log: string[]; state: SwitchState } {
  let state = initialState(0);
  const log: string[] = [];
  const apply = (input: SwitchInput, at: number): void => {
    const result = step(limits, state, input, at);
    state = result.state;
    for (const output of result.outputs) {
      const word = output.kind === "switch" ? (output.on ? "ON" : "OFF") : output.reason;
      log.push(`${at} ${word} ${output.cause.by}`);
      if (output.kind === "switch" && answers) apply({ kind: "answer", on: output.on, ok: true }, at);
    }
  };
  for (const [at, input] of script) {
    for (let due = nextDeadline(limits, state); due !== undefined && due < at; due = nextDeadline(limits, state))
      apply({ kind: "tick" }, due);
    apply(input, at);
  }
  return { log, state };
}

const want = (on: boolean | "toggle", at: number, more: object = {}): SwitchInput => ({
  kind: "want",
  on,
  cause: BY_GESTURE,
  lifeLine: { source: SOURCE, aliveAt: at },
  ...more,
});
const alive = (at: number, more: object = {}): SwitchInput => ({
  kind: "alive",
  lifeLine: { source: SOURCE, aliveAt: at },
  ...more,
});
const beats = (from: number, to: number): [number, SwitchInput][] =>
  Array.from({ length: Math.floor((to - from) / 500) + 1 }, (_, index) => [
    from + index * 500,
    alive(from + index * 500),
  ]);
const tick = { kind: "tick" } as const;

describe("a relay", () => {
  test.each<[string, SwitchLimits, [number, SwitchInput][], string[]]>([
    ["is off until it is wanted on", LIMITS, [[START, tick]], []],
    [
      "switches on, and off",
      LIMITS,
      [
        [START, want(true, START)],
        [START + 9, want(false, START + 9)],
      ],
      ["10000 ON gesture", "10009 OFF gesture"],
    ],
    [
      "toggles",
      LIMITS,
      [
        [START, want("toggle", START)],
        [START + 600, want("toggle", START + 600)],
      ],
      ["10000 ON gesture", "10600 OFF gesture"],
    ],
    [
      "switches once, however often it is wanted on",
      LIMITS,
      [
        [START, want(true, START)],
        [START + 1, want(true, START + 1)],
      ],
      ["10000 ON gesture"],
    ],
    ["says nothing of an off that changes nothing", LIMITS, [[START, want(false, START)]], []],
    [
      "ends a pulse",
      LIMITS,
      [
        [START, want(true, START, { for: 300 })],
        [START + 301, tick],
      ],
      ["10000 ON gesture", "10300 OFF timer"],
    ],
    [
      "lets a second pulse begin anew",
      LIMITS,
      [
        [START, want(true, START, { for: 300 })],
        [START + 200, want(true, START + 200, { for: 300 })],
        [START + 900, tick],
      ],
      ["10000 ON gesture", "10500 OFF timer"],
    ],
    [
      "refuses to switch on before its minimum off time",
      LIMITS,
      [
        [START, want(true, START)],
        [START + 10, want(false, START)],
        [START + 509, want(true, START)],
        [START + 510, want(true, START + 510)],
      ],
      ["10000 ON gesture", "10010 OFF gesture", "10509 min-off gesture", "10510 ON gesture"],
    ],
    ["keeps its minimum off time from the start too", LIMITS, [[499, want(true, 499)]], ["499 min-off gesture"]],
    [
      "goes off after its maximum on time, though its source lives",
      { ...LIMITS, maxOn: 3000 },
      [[START, want(true, START)], ...beats(START, START + 4000)],
      ["10000 ON gesture", "13000 OFF timer"],
    ],
    [
      "does not count its maximum on time anew when it is wanted on again",
      { ...LIMITS, maxOn: 3000 },
      [
        [START, want(true, START)],
        ...beats(START, START + 2500),
        [START + 2600, want(true, START + 2600)],
        ...beats(START + 2700, START + 3700),
      ],
      ["10000 ON gesture", "13000 OFF timer"],
    ],
    [
      "is off within 2 s of the last sign of life of its source",
      LIMITS,
      [[START, want(true, START)], ...beats(START, START + 5000), [START + 7000, tick]],
      ["10000 ON gesture", "16800 OFF fail-safe"],
    ],
    [
      "does not live by another source",
      LIMITS,
      [
        [START, want(true, START)],
        [START + 1800, { kind: "alive", lifeLine: { source: "door/letters", aliveAt: START + 1800 } }],
        [START + 2000, tick],
      ],
      ["10000 ON gesture", "11800 OFF fail-safe"],
    ],
    [
      "holds on without its source up to its maximum on time, when told to",
      { ...LIMITS, failSafe: "hold", maxOn: 60_000 },
      [
        [START, want(true, START)],
        [START + 59_999, tick],
        [START + 60_001, tick],
      ],
      ["10000 ON gesture", "70000 OFF timer"],
    ],
    [
      "goes off when the gesture that holds it ends",
      LIMITS,
      [
        [START, want(true, START, { held: { gesture: "A", seq: 5 } })],
        [START + 100, { kind: "release", source: SOURCE, gesture: "A", cause: BY_GESTURE }],
      ],
      ["10000 ON gesture", "10100 OFF gesture"],
    ],
    [
      "goes off when a heartbeat no longer sees the gesture that holds it",
      LIMITS,
      [
        [START, want(true, START, { held: { gesture: "A", seq: 5 } })],
        [START + 90, alive(START + 90, { sees: { gesture: null, seq: 4 } })],
        [START + 100, alive(START + 100, { sees: { gesture: null, seq: 6 } })],
      ],
      ["10000 ON gesture", "10100 OFF gesture"],
    ],
    [
      "stays on after a gesture that did not hold it ends",
      LIMITS,
      [
        [START, want(true, START)],
        [START + 100, { kind: "release", source: SOURCE, gesture: "A", cause: BY_GESTURE }],
      ],
      ["10000 ON gesture"],
    ],
    [
      "goes off when the service stops",
      LIMITS,
      [
        [START, want(true, START)],
        [START + 1, { kind: "off", cause: { by: "stop" } }],
      ],
      ["10000 ON gesture", "10001 OFF stop"],
    ],
  ])("%s", (_, limits, script, expected) => {
    expect(play(limits, script).log).toEqual(expected);
  });

  test("whose process was frozen goes off first, and then refuses what waited", () => {
    const on = play(LIMITS, [[START, want(true, START)]]).state;
    const late = step(LIMITS, on, want(true, START + 9000), START + 9000);
    expect(late.outputs).toMatchObject([
      { kind: "switch", on: false, cause: { by: "fail-safe" } },
      { kind: "refuse", reason: "busy" },
    ]);
  });

  test("refuses to switch on while its driver has not answered", () => {
    const script: [number, SwitchInput][] = [
      [START, want(true, START)],
      [START + 1, want(false, START)],
      [START + 600, want(true, START + 600)],
    ];
    expect(play(LIMITS, script, { answers: false }).log).toEqual([
      "10000 ON gesture",
      "10001 OFF gesture",
      "10600 busy gesture",
    ]);
  });

  test("tells the driver to switch off when it failed to switch on", () => {
    const on = step(LIMITS, initialState(0), want(true, START), START).state;
    const failed = step(LIMITS, on, { kind: "answer", on: true, ok: false, detail: "no power" }, START + 5);
    expect(failed.outputs).toEqual([{ kind: "switch", on: false, cause: { by: "driver", detail: "no power" } }]);
    expect(failed.state.on).toBe(false);
  });

  test("tells the driver to switch off until it has, and refuses to switch on meanwhile", () => {
    const begun = step(LIMITS, initialState(0), { kind: "begin" }, START);
    expect(begun.outputs).toMatchObject([{ kind: "switch", on: false }]);
    const failed = step(LIMITS, begun.state, { kind: "answer", on: false, ok: false }, START + 5).state;
    expect(step(LIMITS, failed, want(true, START), START + 100).outputs).toMatchObject([{ reason: "driver" }]);
    expect(nextDeadline(LIMITS, failed)).toBe(START + 505);
    const again = step(LIMITS, failed, tick, START + 505);
    expect(again.outputs).toMatchObject([{ kind: "switch", on: false }]);
    const done = step(LIMITS, again.state, { kind: "answer", on: false, ok: true }, START + 506).state;
    expect(nextDeadline(LIMITS, done)).toBeUndefined();
  });
});

/** What may come, and how long after what came before. */
const anything = fc.array(
  fc.record({
    after: fc.integer({ min: 0, max: 1500 }),
    what: fc.constantFrom("on", "off", "toggle", "pulse", "alive", "other", "failure", "tick"),
  }),
  { maxLength: 60 },
);

test("whatever comes, it is never on for longer than its maximum, off for less than its minimum, or alive without its source", () => {
  const limits = { minOff: 700, maxOn: 4000, failSafe: "off", sourceTimeout: 2000 } as const;
  fc.assert(
    fc.property(anything, (script) => {
      let state = initialState(0);
      let at = START;
      let aliveAt = 0;
      let changedAt = 0;
      const apply = (input: SwitchInput): void => {
        const was = state.on;
        const { state: next, outputs } = step(limits, state, input, at);
        state = next;
        for (const output of outputs) {
          if (output.kind === "refuse") continue;
          // Never twice the same, but for an off that is tried again.
          if (output.on) expect(was).toBe(false);
          if (output.on) expect(at - changedAt).toBeGreaterThanOrEqual(limits.minOff);
          changedAt = at;
        }
      };
      for (const { after, what } of script) {
        const until = at + after;
        for (
          let due = nextDeadline(limits, state);
          due !== undefined && due <= until;
          due = nextDeadline(limits, state)
        ) {
          at = Math.max(at, due);
          apply(tick);
          if (state.pending > 0) apply({ kind: "answer", on: state.on, ok: true });
        }
        at = until;
        if (["on", "toggle", "pulse", "alive", "failure"].includes(what)) aliveAt = at;
        const pulse = what === "pulse" ? { for: 500 } : {};
        if (what === "alive") apply(alive(at));
        else if (what === "other") apply({ kind: "alive", lifeLine: { source: "door/letters", aliveAt: at } });
        else if (what === "tick") apply(tick);
        else apply(want(what === "toggle" ? "toggle" : what !== "off", at, pulse));
        while (state.pending > 0) apply({ kind: "answer", on: state.on, ok: what !== "failure" });
        if (!state.on) continue;
        expect(at - state.since).toBeLessThan(limits.maxOn);
        expect(at - aliveAt).toBeLessThan(limits.sourceTimeout);
      }
    }),
    { numRuns: 1000 },
  );
});
