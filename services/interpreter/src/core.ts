import type { Gesture, GestureState, Result } from "@beckon/protocol";
import type { Thresholds } from "./config.ts";

/** The state is told this often while frames are classified, in ms: silence means failure. */
const HEARTBEAT_MS = 500;

/** Labels that are no gesture, whatever the model. */
const NO_GESTURES: ReadonlySet<string> = new Set(["unknown", "nothing"]);

/** A vote below it is forgotten: no label that was seen once stays for ever. */
const LEAST_SCORE = 1e-3;

/** So many cooldowns are kept; with more gestures than that in one cooldown, the oldest is forgotten. */
const MAX_ENDED = 64;

/** What the interpretation of one camera by one model goes by. */
export interface Rules {
  /** Ms in which a vote loses half its weight. */
  readonly halfLife: number;
  /** Ms without a result after which nothing is known any more. */
  readonly maxAge: number;
  /** Labels that are no gestures, beside `unknown` and `nothing`. */
  readonly never: ReadonlySet<string>;
  thresholds(gesture: string): Thresholds;
}

/** What the core needs of a result. */
export type Vote = Pick<Result, "camera" | "model" | "label" | "confidence" | "seq" | "boot" | "at">;

/** What happens: a result arrives, time passes, or the service stops. `now` is by this process's clock. */
export type Input =
  | { readonly type: "result"; readonly result: Vote; readonly now: number }
  | { readonly type: "tick" | "stop"; readonly now: number };

/** What is to be published. */
export type Output =
  | { readonly topic: "gesture"; readonly value: Gesture }
  | { readonly topic: "state"; readonly value: GestureState };

interface Seen {
  readonly result: Vote;
  /** Arrival, by this process's clock. */
  readonly now: number;
}

/**
 * What is known of one camera by one model. Times are of the camera's clock, for the way of a result to here is
 * uneven; only silence and the state, which says when it was said, go by this process's.
 */
export interface Interpretation {
  /** The last result; undefined when nothing is known. */
  readonly last?: Seen | undefined;
  /** Smoothed confidence by label. */
  readonly scores: ReadonlyMap<string, number>;
  /** What may become the next gesture, and since when it is steady. */
  readonly candidate?: { readonly gesture: string; readonly since: number } | undefined;
  /** The steady gesture, since when, and since when it is going. */
  readonly active?: { readonly gesture: string; readonly since: number; readonly going?: number } | undefined;
  /** When the state changed last, by this process's clock. */
  readonly changedAt: number;
  /** Since when no label is anywhere near a gesture: the hand rests, or there is none. */
  readonly restSince?: number | undefined;
  /** When each gesture ended, while its cooldown lasts. */
  readonly ended: ReadonlyMap<string, number>;
  /** When the state was last told, by this process's clock. */
  readonly toldAt: number;
}

export interface Step {
  readonly state: Interpretation;
  readonly outputs: readonly Output[];
}

/** Nothing is known yet, or any more. */
export const NOTHING_KNOWN: Interpretation = {
  scores: new Map(),
  changedAt: 0,
  ended: new Map(),
  toldAt: Number.NEGATIVE_INFINITY,
};

/** One step from noisy results to steady gestures: a pure function, whose only clocks are those of its input. */
export function interpret(state: Interpretation, input: Input, rules: Rules): Step {
  if (input.type !== "result") {
    const over = input.type === "stop" || silent(state, input.now, rules);
    return over ? forget(state, input.now) : heartbeat(state, input.now);
  }
  // A camera that started anew, or frames that are far apart: what was before says nothing of what is now.
  if (!follows(state, input.result, rules)) {
    const { outputs } = forget(state, input.now);
    const fresh = interpret(NOTHING_KNOWN, input, rules);
    return { ...fresh, outputs: [...outputs.filter(({ topic }) => topic === "gesture"), ...fresh.outputs] };
  }
  return learn(state, input, rules);
}

/** Ms that the hand has rested, by the camera's clock; 0 while it does not, or nothing is known. */
export function restOf({ last, restSince }: Interpretation): number {
  return last && restSince !== undefined ? Math.max(0, last.result.at - restSince) : 0;
}

function silent({ last }: Interpretation, now: number, { maxAge }: Rules): boolean {
  return last !== undefined && now - last.now > maxAge;
}

function follows({ last }: Interpretation, { boot, at }: Vote, { maxAge }: Rules): boolean {
  return !last || (last.result.boot === boot && at - last.result.at <= maxAge);
}

/** Ends what is active, and tells that nothing is known any more. */
function forget({ last, active, scores }: Interpretation, now: number): Step {
  if (!last) return { state: NOTHING_KNOWN, outputs: [] };
  const nothing: Output = { topic: "state", value: { gesture: null, since: now, confidence: 0, at: now } };
  const outputs = active ? [ended(active, last.result, scores), nothing] : [nothing];
  return { state: NOTHING_KNOWN, outputs };
}

function heartbeat(state: Interpretation, now: number): Step {
  if (!state.last || now - state.toldAt < HEARTBEAT_MS) return { state, outputs: [] };
  return { state: { ...state, toldAt: now }, outputs: [told(state, state.last.result, now)] };
}

function learn(before: Interpretation, last: Seen, rules: Rules): Step {
  const { result, now } = last;
  const scores = vote(before, result, rules);
  const candidate = nextCandidate(before, scores, result.at, rules);
  const restSince = [...scores].some(
    ([label, score]) => score >= rules.thresholds(label).leave && isGesture(label, rules),
  )
    ? undefined
    : (before.restSince ?? result.at);
  const step = decide({ ...before, last, scores, candidate, restSince }, result, rules);
  const changed = step.outputs.length > 0 || !before.last;
  const state = changed ? { ...step.state, changedAt: now } : step.state;
  if (!changed && now - before.toldAt < HEARTBEAT_MS) return { ...step, state };
  return { state: { ...state, toldAt: now }, outputs: [...step.outputs, told(state, result, now)] };
}

/**
 * Exponentially weighted votes: each result speaks, with its confidence, for the time since the one before it, and the
 * past fades by half in each half-life. So smoothing takes the same time at 5 and at 60 frames a second.
 */
function vote(before: Interpretation, { label, confidence, at }: Vote, { halfLife }: Rules): Map<string, number> {
  const elapsed = before.last ? Math.max(0, at - before.last.result.at) : 0;
  const kept = 2 ** (-elapsed / halfLife);
  const scores = new Map<string, number>();
  for (const [known, score] of before.scores) scores.set(known, score * kept);
  scores.set(label, (scores.get(label) ?? 0) + confidence * (1 - kept));
  for (const [known, score] of scores) if (score < LEAST_SCORE) scores.delete(known);
  return scores;
}

/** The best gesture, from when it reaches `enter` until it falls below `leave` or another is better. */
function nextCandidate(
  { candidate }: Interpretation,
  scores: ReadonlyMap<string, number>,
  at: number,
  rules: Rules,
): Interpretation["candidate"] {
  let best: { gesture: string; score: number } | undefined;
  for (const [gesture, score] of scores)
    if (isGesture(gesture, rules) && score > (best?.score ?? 0)) best = { gesture, score };
  if (!best) return undefined;
  const { enter, leave } = rules.thresholds(best.gesture);
  if (candidate?.gesture === best.gesture && best.score >= leave) return candidate;
  return best.score >= enter ? { gesture: best.gesture, since: at } : undefined;
}

function isGesture(label: string, { never }: Rules): boolean {
  return !NO_GESTURES.has(label) && !never.has(label);
}

/** Starts the candidate when it was held for long enough, and ends the active gesture when it is gone for long enough. */
function decide(state: Interpretation, result: Vote, rules: Rules): Step {
  if (mayStart(state, result.at, rules)) return start(state, result);
  const { active, scores } = state;
  if (!active) return { state, outputs: [] };
  const { leave, release } = rules.thresholds(active.gesture);
  if ((scores.get(active.gesture) ?? 0) >= leave)
    return { state: { ...state, active: { gesture: active.gesture, since: active.since } }, outputs: [] };
  const going = active.going ?? result.at;
  return result.at - going >= release
    ? end(state, active, result)
    : { state: { ...state, active: { ...active, going } }, outputs: [] };
}

function mayStart({ candidate, active, ended }: Interpretation, at: number, rules: Rules): boolean {
  if (!candidate || candidate.gesture === active?.gesture) return false;
  const { hold, cooldown } = rules.thresholds(candidate.gesture);
  return at - candidate.since >= hold && at - (ended.get(candidate.gesture) ?? Number.NEGATIVE_INFINITY) >= cooldown;
}

function start(before: Interpretation, result: Vote): Step {
  const { candidate, active } = before;
  if (!candidate) return { state: before, outputs: [] };
  const { state, outputs } = active ? end(before, active, result) : { state: before, outputs: [] };
  const { camera, model, seq, boot, at } = result;
  const confidence = scoreOf(state, candidate.gesture);
  const value: Gesture = { camera, model, gesture: candidate.gesture, phase: "start", confidence, seq, boot, at };
  return {
    state: { ...state, active: { gesture: candidate.gesture, since: at } },
    outputs: [...outputs, { topic: "gesture", value }],
  };
}

function end(state: Interpretation, active: NonNullable<Interpretation["active"]>, result: Vote): Step {
  return {
    state: {
      ...state,
      active: undefined,
      ended: remembered(state.ended, active.gesture, result.at),
    },
    outputs: [ended(active, result, state.scores)],
  };
}

/** The newest last, and no more of them than a model has gestures. */
function remembered(ended: ReadonlyMap<string, number>, gesture: string, at: number): Map<string, number> {
  const others = [...ended].filter(([other]) => other !== gesture);
  return new Map([...others.slice(1 - MAX_ENDED), [gesture, at]]);
}

function ended(
  { gesture, since }: NonNullable<Interpretation["active"]>,
  { camera, model, seq, boot, at }: Vote,
  scores: ReadonlyMap<string, number>,
): Output {
  const confidence = scoreOf({ scores }, gesture);
  const heldMs = Math.max(0, at - since);
  return { topic: "gesture", value: { camera, model, gesture, phase: "end", confidence, seq, boot, at, heldMs } };
}

/** By our clock, for it is we who say so; what the camera's clock said of the frame stands beside it. */
function told(state: Interpretation, { at: frameAt, boot, seq }: Vote, now: number): Output {
  const { active, changedAt: since } = state;
  const gesture = active?.gesture ?? null;
  const confidence = active ? scoreOf(state, active.gesture) : 0;
  return { topic: "state", value: { gesture, since, confidence, at: now, boot, seq, frameAt } };
}

/** Four digits are what a confidence is worth on the wire. */
function scoreOf({ scores }: Pick<Interpretation, "scores">, gesture: string): number {
  return Math.round(Math.min(1, scores.get(gesture) ?? 0) * 1e4) / 1e4;
}
