import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InterpreterConfig, thresholdsOf } from "./config.ts";
import { type Input, type Interpretation, interpret, NOTHING_KNOWN, type Output, type Rules, restOf } from "./core.ts";

const BOOT = "mg2k1x0z-a9f3";
/** The camera's clock is not ours. */
const AHEAD = 5_000_000;

function rulesOf(options: object = {}, model = "letters"): Rules {
  const config = InterpreterConfig.parse(options);
  return {
    halfLife: config.halfLife,
    maxAge: config.maxAge,
    never: new Set(config.never),
    thresholds: (gesture) => thresholdsOf(config, model, gesture),
  };
}

/** `"A 600"`: the label A, at confidence 0.95 unless it says `A@0.8`, for 600 ms; `"- 600"`: no results. */
function resultsOf(script: string, fps = 20): Input[] {
  const inputs: Input[] = [];
  let time = 0;
  let seq = 0;
  for (const [, label = "", confidence = "0.95", ms] of script.matchAll(/([\w-]+)(?:@([\d.]+))? (\d+)/g)) {
    const end = time + Number(ms);
    for (; time < end; time += 1000 / fps) {
      const now = Math.round(time);
      const result = { camera: "desk", model: "letters", label, confidence: Number(confidence), boot: BOOT };
      if (label === "-") inputs.push({ type: "tick", now });
      else inputs.push({ type: "result", now, result: { ...result, at: now + AHEAD, seq: seq++ } });
    }
  }
  return inputs;
}

function run(inputs: readonly Input[], rules: Rules): { state: Interpretation; outputs: Output[] } {
  let state = NOTHING_KNOWN;
  const outputs: Output[] = [];
  for (const input of inputs) {
    const step = interpret(state, input, rules);
    state = step.state;
    outputs.push(...step.outputs);
  }
  return { state, outputs };
}

/** `+A 500 -A 900`: what started and ended, and when by the camera's clock. */
function gesturesOf(outputs: readonly Output[]): string {
  return outputs
    .flatMap(({ topic, value }) =>
      topic === "gesture"
        ? [`${value.phase === "start" ? "+" : "-"}${value.gesture} ${Math.round(value.at - AHEAD)}`]
        : [],
    )
    .join(" ");
}

describe("the core of the interpreter", () => {
  it.each([
    ["starts a gesture that is held", "A 1000", "+A 600"],
    ["ends it when it is gone", "A 1000 nothing 1000", "+A 600 -A 1300"],
    ["takes as long at 60 frames a second as at 20", "A 1000 nothing 1000", "+A 600 -A 1350", 60],
    ["takes hardly longer at 5 frames a second", "A 1000 nothing 1000", "+A 600 -A 1400", 5],
    ["ignores what is not held", "A 500 nothing 1000 B 400", ""],
    ["ignores what is never sure enough", "A@0.65 3000", ""],
    ["keeps a gesture through a stumble", "A 1000 B 100 A 1000", "+A 600"],
    ["keeps a gesture whose confidence sinks to between the thresholds", "A 1000 A@0.6 2000", "+A 600"],
    ["counts a stumble in the hold as none", "A 400 unknown 50 A 550", "+A 600"],
    ["goes from one gesture to the next", "A 1000 B 1000", "+A 600 -A 1300 +B 1550"],
    ["tells a double from a long one by the rest between", "L 1000 nothing 500 L 1000", "+L 600 -L 1300 +L 2050"],
    ["takes unknown and nothing for no gesture", "unknown 2000 nothing 2000", ""],
    ["takes what the configuration excludes for no gesture", "others 2000", ""],
    ["ends a gesture when the results stop", "A 1000 - 2000", "+A 600 -A 950"],
    ["begins anew after a silence", "A 550 - 2000 A 550", ""],
  ])("%s", (_, script, expected, fps = 20) => {
    expect(gesturesOf(run(resultsOf(script, fps), rulesOf()).outputs)).toBe(expected);
  });

  it.each([
    ["hold", { hold: 1000 }, "A 2000", "+A 1200"],
    ["release", { release: 0 }, "A 1000 nothing 1000", "+A 600 -A 1050"],
    ["cooldown", { cooldown: 2000 }, "A 1000 nothing 500 A 3000", "+A 600 -A 1300 +A 3300"],
    ["enter and leave", { enter: 0.5, leave: 0.3 }, "A@0.6 1000", "+A 700"],
    ["half-life", { halfLife: 400 }, "A 2000", "+A 1200"],
    ["one gesture's own", { gestures: { letters: { A: { hold: 1000 } } } }, "A 2000 B 2000", "+A 1200 -A 2300 +B 2550"],
    [
      "one model's own",
      { gestures: { letters: { "*": { hold: 1000 }, B: { hold: 0 } } } },
      "A 2000 B 2000",
      "+A 1200 -A 2150 +B 2150",
    ],
    ["another model's not", { gestures: { fingers: { A: { hold: 1000 } } } }, "A 2000", "+A 600"],
  ])("goes by the configured %s", (_, options, script, expected) => {
    expect(gesturesOf(run(resultsOf(script), rulesOf(options)).outputs)).toBe(expected);
  });

  it("stamps a gesture with the frame that decided it", () => {
    const { outputs } = run(resultsOf("A 1000 nothing 1000"), rulesOf());
    const gestures = outputs.filter(({ topic }) => topic === "gesture").map(({ value }) => value);
    expect(gestures).toEqual([
      {
        camera: "desk",
        model: "letters",
        gesture: "A",
        phase: "start",
        confidence: expect.closeTo(0.94, 2),
        seq: 12,
        boot: BOOT,
        at: AHEAD + 600,
      },
      {
        camera: "desk",
        model: "letters",
        gesture: "A",
        phase: "end",
        confidence: expect.any(Number),
        seq: 26,
        boot: BOOT,
        at: AHEAD + 1300,
        heldMs: 700,
      },
    ]);
  });

  it("ends a gesture when its camera starts anew, by the last frame before", () => {
    const inputs = resultsOf("A 1000");
    const last = inputs.at(-1);
    if (last?.type !== "result") throw new Error("the script ends with a result");
    const { state } = run(inputs, rulesOf());
    const newer = { ...last.result, boot: "mg2k1x10-a9f3", seq: 0, at: 7 };
    const { outputs } = interpret(state, { ...last, now: last.now + 50, result: newer }, rulesOf());
    expect(outputs.map(({ topic, value }) => [topic, value.at, "seq" in value && value.seq])).toEqual([
      ["gesture", AHEAD + 950, 19],
      ["state", 1000, 0],
    ]);
  });

  it("tells the state with the first result, at each change and every half second", () => {
    const { outputs } = run(resultsOf("A 2000"), rulesOf());
    const states = outputs.flatMap(({ topic, value }) => (topic === "state" ? [[value.at, value.gesture]] : []));
    expect(states).toEqual([
      [0, null],
      [500, null],
      [600, "A"],
      [1100, "A"],
      [1600, "A"],
    ]);
  });

  it("goes on telling the state between results, and that it knows nothing after maxAge, then is silent", () => {
    const { outputs } = run(resultsOf("A 1000 - 5000"), rulesOf());
    const states = outputs.flatMap(({ topic, value }) => (topic === "state" ? [value] : []));
    const beat = {
      gesture: "A",
      since: 600,
      confidence: expect.any(Number),
      boot: BOOT,
      seq: 19,
      frameAt: AHEAD + 950,
    };
    expect(states.slice(-3)).toEqual([
      { ...beat, at: 1100 },
      { ...beat, at: 1600 },
      { gesture: null, since: 2000, confidence: 0, at: 2000 },
    ]);
  });

  it("ends what is active and tells null when it stops, and tells nothing where nothing was known", () => {
    const { state } = run(resultsOf("A 1000"), rulesOf());
    const { outputs, state: after } = interpret(state, { type: "stop", now: 1000 }, rulesOf());
    expect(gesturesOf(outputs)).toBe("-A 950");
    expect(outputs.at(-1)).toEqual({ topic: "state", value: { gesture: null, since: 1000, confidence: 0, at: 1000 } });
    expect(interpret(after, { type: "stop", now: 1001 }, rulesOf()).outputs).toEqual([]);
  });

  it("measures the rest from when nothing is near a gesture", () => {
    expect(restOf(run(resultsOf("A 1000"), rulesOf()).state)).toBe(0);
    expect(restOf(run(resultsOf("A 1000 nothing 1000"), rulesOf()).state)).toBe(900);
    expect(restOf(run(resultsOf("A 1000 nothing 1000 - 2000"), rulesOf()).state)).toBe(0);
  });

  it("keeps no label for ever, however many there are", () => {
    const inputs = Array.from({ length: 5000 }, (_, index): Input => {
      const stamp = { seq: index, boot: BOOT, at: index * 30 };
      return {
        type: "result",
        now: index * 30,
        result: { camera: "desk", model: "letters", label: `label ${index}`, confidence: 1, ...stamp },
      };
    });
    expect(run(inputs, rulesOf()).state.scores.size).toBeLessThan(50);
  });

  const label = fc.constantFrom("A", "B", "C", "unknown", "nothing");
  const step = fc.record({
    label,
    confidence: fc.double({ min: 0, max: 1, noNaN: true }),
    after: fc.integer({ min: 0, max: 400 }),
    repeat: fc.integer({ min: 1, max: 20 }),
    silent: fc.boolean(),
  });
  const histories = fc.array(step, { maxLength: 60 }).map((steps) => {
    let now = 1000;
    let seq = 0;
    return steps.flatMap(({ label, confidence, after, repeat, silent }) =>
      Array.from({ length: repeat }, (): Input => {
        now += after;
        const result = { camera: "desk", model: "letters", label, confidence, seq: seq++, boot: BOOT, at: now + AHEAD };
        return silent ? { type: "tick", now } : { type: "result", now, result };
      }),
    );
  });

  it("alternates start and end, never two gestures at once, and never starts before the hold", () => {
    fc.assert(
      fc.property(histories, (history) => {
        let active: string | undefined;
        const first = history.find(({ type }) => type === "result")?.now ?? 0;
        for (const { topic, value } of run([...history, { type: "stop", now: 1e9 }], rulesOf()).outputs) {
          if (topic !== "gesture") continue;
          expect(active).toBe(value.phase === "start" ? undefined : value.gesture);
          if (value.phase === "start") expect(value.at - AHEAD - first).toBeGreaterThanOrEqual(400);
          else expect(value.heldMs).toBeGreaterThanOrEqual(0);
          active = value.phase === "start" ? value.gesture : undefined;
        }
        expect(active).toBeUndefined();
      }),
    );
  });

  it("depends on nothing but its input: a copy gives the same, and the input stays as it was", () => {
    fc.assert(
      fc.property(histories, (history) => {
        const rules = rulesOf();
        let state = NOTHING_KNOWN;
        for (const input of history) {
          const before = structuredClone(state);
          const one = interpret(state, input, rules);
          expect(interpret(before, structuredClone(input), rulesOf())).toEqual(one);
          expect(state).toEqual(before);
          state = one.state;
        }
      }),
      { numRuns: 30 },
    );
  });
});
