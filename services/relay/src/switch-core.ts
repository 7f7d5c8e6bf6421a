import type { RelayCause } from "@beckon/protocol";

/** The part of a relay's settings that bounds its switching. Times in ms. */
export interface SwitchLimits {
  readonly minOff: number;
  readonly maxOn?: number | undefined;
  readonly failSafe: "off" | "hold";
  readonly sourceTimeout: number;
}

/** What a relay that is on lives by. */
export interface LifeLine {
  /** `desk/letters`, or `broker` when a command switched it on. */
  readonly source: string;
  /** Last sign of life, by the clock of this process. */
  readonly aliveAt: number;
}

/** A gesture that keeps the relay on while it lasts. */
export interface Held {
  readonly gesture: string;
  /** Of the frame that began it. */
  readonly seq: number;
}

/** A relay as it is wanted. Times by the clock of this process. */
export interface SwitchState {
  readonly on: boolean;
  readonly since: number;
  readonly cause: RelayCause;
  /** End of a pulse, or of a command's `for`. */
  readonly until?: number | undefined;
  readonly lifeLine?: LifeLine | undefined;
  readonly held?: Held | undefined;
  /** Orders that the driver has not answered yet. */
  readonly pending: number;
  /** When an off that the driver refused is tried again. */
  readonly retryAt?: number | undefined;
}

export type SwitchInput =
  | {
      readonly kind: "want";
      readonly on: boolean | "toggle";
      readonly cause: RelayCause;
      /** Ms until it switches off again. */
      readonly for?: number | undefined;
      readonly lifeLine: LifeLine;
      readonly held?: Held | undefined;
    }
  /** A sign of life of a source, and what it sees. */
  | { readonly kind: "alive"; readonly lifeLine: LifeLine; readonly sees?: Sight }
  /** The gesture that holds it has ended. */
  | { readonly kind: "release"; readonly source: string; readonly gesture: string; readonly cause: RelayCause }
  /** Off, whatever it was before this process. */
  | { readonly kind: "begin" }
  /** Off without asking: the service stops, or the driver has lost its hold. */
  | { readonly kind: "off"; readonly cause: RelayCause }
  /** The driver's answer to one order. */
  | { readonly kind: "answer"; readonly on: boolean; readonly ok: boolean; readonly detail?: string }
  | { readonly kind: "tick" };

export interface Sight {
  readonly gesture: string | null;
  readonly seq: number;
}

export type SwitchOutput =
  | { readonly kind: "switch"; readonly on: boolean; readonly cause: RelayCause }
  | { readonly kind: "refuse"; readonly reason: string; readonly cause: RelayCause };

export interface Step {
  readonly state: SwitchState;
  readonly outputs: readonly SwitchOutput[];
}

/** The source's life line, less what a driver and a busy machine may take: it is off within the time, not told to be. */
const LIFE_LINE_SHARE = 0.9;
const RETRY_AFTER_MS = 500;

export function initialState(now: number): SwitchState {
  return { on: false, since: now, cause: { by: "start" }, pending: 0 };
}

/**
 * Decides what a relay does. Pure: all it knows is in its arguments. What is overdue is settled before the input is
 * looked at, so that an input that waited behind a frozen process cannot outrun a time that passed meanwhile.
 */
export function step(limits: SwitchLimits, before: SwitchState, input: SwitchInput, now: number): Step {
  const settled = settle(limits, before, now);
  const { state, outputs } = decide(limits, settled.state, input, now);
  return { state, outputs: [...settled.outputs, ...outputs] };
}

/** @returns when `step` must be called again at the latest; undefined when nothing is due */
export function nextDeadline(limits: SwitchLimits, state: SwitchState): number | undefined {
  const times = overdues(limits, state).map(({ at }) => at);
  if (state.retryAt !== undefined) times.push(state.retryAt);
  return times.length === 0 ? undefined : Math.min(...times);
}

function settle(limits: SwitchLimits, state: SwitchState, now: number): Step {
  if (state.retryAt !== undefined && now >= state.retryAt) return off(state, state.cause, now);
  const [first] = overdues(limits, state)
    .filter(({ at }) => now >= at)
    .sort((a, b) => a.at - b.at);
  return first ? off(state, first.cause, now) : { state, outputs: [] };
}

function overdues(limits: SwitchLimits, state: SwitchState): { at: number; cause: RelayCause }[] {
  if (!state.on) return [];
  const due: { at: number; cause: RelayCause }[] = [];
  if (limits.maxOn !== undefined)
    due.push({ at: state.since + limits.maxOn, cause: { by: "timer", detail: "maximum on time" } });
  if (state.until !== undefined) due.push({ at: state.until, cause: { by: "timer", detail: "end of its time" } });
  if (limits.failSafe === "off" && state.lifeLine)
    due.push({
      at: state.lifeLine.aliveAt + limits.sourceTimeout * LIFE_LINE_SHARE,
      cause: { by: "fail-safe", detail: `${state.lifeLine.source} is silent` },
    });
  return due;
}

function decide(limits: SwitchLimits, state: SwitchState, input: SwitchInput, now: number): Step {
  switch (input.kind) {
    case "tick":
      return { state, outputs: [] };
    case "begin":
      return off(state, { by: "start" }, now);
    case "off":
      return state.on ? off(state, input.cause, now) : { state, outputs: [] };
    case "alive":
      return alive(state, input, now);
    case "release": {
      const its = state.held?.gesture === input.gesture && state.lifeLine?.source === input.source;
      return state.on && its ? off(state, input.cause, now) : { state, outputs: [] };
    }
    case "answer":
      return answered(state, input, now);
    case "want":
      return want(limits, state, input, now);
  }
}

function want(
  limits: SwitchLimits,
  state: SwitchState,
  input: Extract<SwitchInput, { kind: "want" }>,
  now: number,
): Step {
  const { cause, lifeLine, held } = input;
  const on = input.on === "toggle" ? !state.on : input.on;
  if (!on) return state.on ? off(state, cause, now) : { state, outputs: [] };
  const until = input.for === undefined ? undefined : now + input.for;
  // Already on: it gets a new end and a new source, but maxOn counts from when it switched on.
  if (state.on) return { state: { ...state, until, lifeLine, held }, outputs: [] };
  if (state.retryAt !== undefined) return refuse(state, "driver", cause);
  if (state.pending > 0) return refuse(state, "busy", cause);
  if (now - state.since < limits.minOff) return refuse(state, "min-off", cause);
  return {
    state: { on: true, since: now, cause, until, lifeLine, held, pending: state.pending + 1 },
    outputs: [{ kind: "switch", on: true, cause }],
  };
}

function alive(state: SwitchState, { lifeLine, sees }: Extract<SwitchInput, { kind: "alive" }>, now: number): Step {
  if (!state.on || state.lifeLine?.source !== lifeLine.source) return { state, outputs: [] };
  const { held } = state;
  // The end of a held gesture may have been lost on the way; the next heartbeat tells.
  if (held && sees && sees.seq >= held.seq && sees.gesture !== held.gesture)
    return off(state, { ...state.cause, detail: "no longer held" }, now);
  const aliveAt = Math.max(state.lifeLine.aliveAt, lifeLine.aliveAt);
  return { state: { ...state, lifeLine: { ...lifeLine, aliveAt } }, outputs: [] };
}

function answered(state: SwitchState, { on, ok, detail }: Extract<SwitchInput, { kind: "answer" }>, now: number): Step {
  const rest = { ...state, pending: state.pending - 1 };
  // Only what was confirmed to be off has begun its minimum off time.
  if (ok) return { state: on || rest.on ? rest : { ...rest, since: now, retryAt: undefined }, outputs: [] };
  if (!on) return { state: rest.on ? rest : { ...rest, retryAt: now + RETRY_AFTER_MS }, outputs: [] };
  return rest.on ? off(rest, { by: "driver", ...(detail && { detail }) }, now) : { state: rest, outputs: [] };
}

function off(state: SwitchState, cause: RelayCause, now: number): Step {
  return {
    state: { on: false, since: now, cause, pending: state.pending + 1 },
    outputs: [{ kind: "switch", on: false, cause }],
  };
}

function refuse(state: SwitchState, reason: string, cause: RelayCause): Step {
  return { state, outputs: [{ kind: "refuse", reason, cause }] };
}
