import { Name } from "@beckon/protocol";
import { changeable } from "@beckon/runtime";
import { z } from "zod";

const Share = z.number().min(0).max(1);
const Milliseconds = z.number().min(0).max(60_000);
const GestureLabel = z.string().min(1).max(64);

/** When a gesture counts as steady. Times in ms of the camera's clock, thresholds are smoothed confidences. */
const thresholds = {
  /** It may start from here. */
  enter: Share,
  /** Below it, it is going. */
  leave: Share,
  /** How long it must be steady before `start`. */
  hold: Milliseconds,
  /** How long it must be gone before `end`. */
  release: Milliseconds,
  /** How long after its `end` the same gesture does not start again. */
  cooldown: Milliseconds,
};

const Override = z.object(thresholds).partial();

/** The interpreter's section of beckon.yaml. Durations in ms. */
export const InterpreterConfig = z
  .object({
    /** Only these; left out, every camera. */
    cameras: z.array(Name).max(64).default([]),
    /** Only these; left out, every model. */
    models: z.array(Name).max(64).default([]),
    enter: changeable(thresholds.enter.default(0.7)),
    leave: changeable(thresholds.leave.default(0.5)),
    hold: changeable(thresholds.hold.default(400)),
    release: changeable(thresholds.release.default(250)),
    cooldown: changeable(thresholds.cooldown.default(300)),
    /** In which a vote loses half its weight: longer is calmer and later. */
    halfLife: changeable(z.number().min(1).max(10_000).default(100)),
    /** Labels that are no gestures, beside `unknown` and `nothing`, which never are. */
    never: changeable(z.array(GestureLabel).max(256).default(["others"])),
    /**
     * Thresholds of their own: by model, then by gesture, where `*` is every gesture of that model. A model of two classes
     * is never as doubtful as one of many: of 1531 pictures without a hand, the shipped `hand` saw one in 2 above 0.7.
     */
    gestures: changeable(
      z.record(Name, z.record(GestureLabel, Override)).default({ hand: { hand: { enter: 0.85, leave: 0.6 } } }),
    ),
    /** Without a result for so long a camera's gesture is over; results older than this are dropped. */
    maxAge: z.number().min(100).max(60_000).default(1000),
    text: z
      .object({
        /** Whose gestures are letters. */
        models: z.array(Name).max(16).default(["letters"]),
        /** A rest of so long is a space. */
        space: changeable(z.number().min(100).max(60_000).default(1500)),
        /** Without a letter for so long the text is finished: below the pause in which the drawn hand begins again. */
        timeout: changeable(z.number().min(1000).max(3_600_000).default(8000)),
        /** Gestures that stand for a space and for taking the last letter back, in models that have them. */
        spaceGesture: GestureLabel.default("space"),
        deleteGesture: GestureLabel.default("del"),
      })
      .prefault({}),
  })
  .superRefine((config, context) => {
    const check = (merged: Thresholds, path: (string | number)[]): void => {
      if (merged.leave > merged.enter)
        context.addIssue({ code: "custom", path, message: `must be at most enter, which is ${merged.enter}` });
    };
    check(config, ["leave"]);
    for (const [model, gestures] of Object.entries(config.gestures))
      for (const gesture of Object.keys(gestures))
        check(thresholdsOf(config, model, gesture), ["gestures", model, gesture, "leave"]);
  });

export type InterpreterConfig = z.infer<typeof InterpreterConfig>;

/** When one gesture counts as steady, see the fields of the configuration. */
export interface Thresholds {
  readonly enter: number;
  readonly leave: number;
  readonly hold: number;
  readonly release: number;
  readonly cooldown: number;
}

type Configured = Thresholds & Pick<z.infer<typeof InterpreterConfig>, "gestures">;

/** The nearest wins: the gesture's own, then `*` of its model, then those of all. */
export function thresholdsOf(config: Configured, model: string, gesture: string): Thresholds {
  const { enter, leave, hold, release, cooldown } = config;
  // A label comes from the network: `constructor` must find nothing.
  const own = (of: object, key: string): object =>
    (Object.hasOwn(of, key) ? (of as Record<string, object>)[key] : {}) ?? {};
  const gestures = own(config.gestures, model);
  return { enter, leave, hold, release, cooldown, ...own(gestures, "*"), ...own(gestures, gesture) };
}
