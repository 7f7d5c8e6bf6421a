import { smoothstep } from "./geometry.ts";
import { interpolate, poseOf, SIGNS } from "./poses.ts";
import type { HandPose } from "./skeleton.ts";

/** How fast a text is signed, in milliseconds. */
export interface SpellingPace {
  /** How long a letter is held still. */
  readonly letterMs?: number;
  /** How long the hand rests between two letters; 0 goes straight from one to the next, save for double letters. */
  readonly restMs?: number;
  /** How long it rests for a space. */
  readonly spaceMs?: number;
  /** How long it takes to move from one pose to the next. */
  readonly moveMs?: number;
}

/** One pose that is held: it is reached at `from` and left at `to`, in milliseconds. */
export interface SpellingStep {
  readonly sign: string;
  readonly from: number;
  readonly to: number;
}

/** A text as a hand signs it: begins and ends at rest. */
export interface SpellingScript {
  readonly steps: readonly SpellingStep[];
  readonly duration: number;
}

/** The hand at one moment. */
export interface SpellingFrame {
  readonly pose: HandPose;
  /** The sign that is held, or the nearer of the two between which the hand moves. */
  readonly sign: string;
  /** Whether it is held still. */
  readonly steady: boolean;
  /** Milliseconds since the script began. */
  readonly time: number;
}

/** Equal letters need a rest between them, or they would be one. */
const LEAST_REST_MS = 400;

/**
 * Plans how a text is signed.
 *
 * @param text letters A to Y without J, digits 0 to 5 and spaces; small letters count as capitals
 * @throws RangeError naming the first character that no still sign stands for, and where it is
 */
export function scriptOf(text: string, pace: SpellingPace = {}): SpellingScript {
  const { letterMs = 1200, restMs = 500, spaceMs = 2000, moveMs = 250 } = pace;
  const steps: SpellingStep[] = [];
  let at = 0;
  const hold = (sign: string, ms: number): void => {
    const from = steps.length === 0 ? 0 : at + moveMs;
    steps.push({ sign, from, to: from + ms });
    at = from + ms;
  };
  hold("rest", Math.max(restMs, LEAST_REST_MS));
  [...text.toUpperCase()].forEach((character, position) => {
    const last = steps.at(-1)?.sign;
    if (character === " ") {
      if (last !== "rest") hold("rest", spaceMs);
      return;
    }
    checkCharacter(character, position, text);
    if (last !== "rest" && (restMs > 0 || last === character)) {
      hold("rest", last === character ? Math.max(restMs, LEAST_REST_MS) : restMs);
    }
    hold(character, letterMs);
  });
  if (steps.at(-1)?.sign !== "rest") hold("rest", Math.max(restMs, LEAST_REST_MS));
  return { steps, duration: at };
}

/** The hand at a moment of a script, a pure function of the time; before its beginning and after its end the hand rests. */
export function frameAt(script: SpellingScript, timeMs: number): SpellingFrame {
  const { steps } = script;
  const next = steps.findIndex((step) => timeMs < step.to);
  const step = steps[next === -1 ? steps.length - 1 : next] as SpellingStep;
  const before = steps[next - 1];
  if (timeMs >= step.from || !before) return { pose: poseOf(step.sign), sign: step.sign, steady: true, time: timeMs };
  const t = smoothstep(before.to, step.from, timeMs);
  return {
    pose: interpolate(poseOf(before.sign), poseOf(step.sign), t),
    sign: t < 0.5 ? before.sign : step.sign,
    steady: false,
    time: timeMs,
  };
}

/**
 * Signs a text once, frame by frame.
 *
 * @throws RangeError as `scriptOf` does, at the call
 */
export function spell(text: string, options: SpellingPace & { readonly fps?: number } = {}): Iterable<SpellingFrame> {
  const { fps = 15, ...pace } = options;
  const script = scriptOf(text, pace);
  return {
    *[Symbol.iterator]() {
      for (let frame = 0; (frame * 1000) / fps < script.duration; frame++) yield frameAt(script, (frame * 1000) / fps);
    },
  };
}

function checkCharacter(character: string, position: number, text: string): void {
  if (character.length === 1 && SIGNS.includes(character)) return;
  const why = "JZ".includes(character) ? "it is a movement, not a still sign" : "there is no sign for it";
  throw new RangeError(
    `cannot spell ${JSON.stringify(text)}: character ${position + 1} is ${JSON.stringify(character)}, and ${why}; ` +
      "use A to Y without J, 0 to 5 and spaces",
  );
}
