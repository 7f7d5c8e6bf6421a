/**
 * Every JSON payload. Times (`at`, `since`) are ms since the epoch by the clock of whoever stamped them, latencies are
 * ms, confidences 0..1.
 */
import * as z from "zod";
import { Name } from "./names.ts";

const Time = z.number().nonnegative();
const Milliseconds = z.number().nonnegative();
const Confidence = z.number().min(0).max(1);
const Count = z.number().int().nonnegative();
/** For people to read, in a terminal too: without control characters, which could rewrite the screen. */
const Line = z.string().regex(/^\P{C}*$/u, "must be printable");
/**
 * Words by the way, such as what a driver had to say: cleaned and cut rather than refused, for an event must not be lost
 * by its remarks.
 */
const Remark = (most: number) => z.string().overwrite((text) => text.slice(0, most).replace(/\p{C}+/gu, " "));
/** A class of a model, a taught gesture or a spelled word. */
const Label = Line.min(1).max(64);

/** Start of the sender in base 36, a dash, 4 random characters: a newer boot sorts later. */
export const Boot = z
  .string()
  .regex(/^[0-9a-z]{8,9}-[0-9a-z]{4}$/, "must be a start time in base 36, - and 4 characters");

/** x, y, width, height as fractions of the frame; it lies inside the frame. */
export const Roi = z
  .tuple([z.number().min(0).max(1), z.number().min(0).max(1), z.number().gt(0).max(1), z.number().gt(0).max(1)])
  // A region written with four decimals may pass the edge by a rounding.
  .refine(([x, y, width, height]) => x + width <= 1.0005 && y + height <= 1.0005, {
    message: "must lie inside the frame",
  });
export type Roi = z.infer<typeof Roi>;

/** Where the time went, by stage; what each stage is called is its sender's business. */
export const Stages = z.record(z.string().regex(/^[a-zA-Z-]{1,24}$/), Milliseconds);
export type Stages = z.infer<typeof Stages>;

export const ScoredLabel = z.object({ label: Label, confidence: Confidence });

/** One classified frame. */
export const Result = z.object({
  camera: Name,
  model: Name,
  version: Remark(64).describe("Of the bundle."),
  seq: Count,
  boot: Boot,
  at: Time.describe("Capture time."),
  label: Label,
  confidence: Confidence,
  top: z.array(ScoredLabel).max(16).describe("The best classes, best first."),
  engine: Remark(64),
  ms: Stages,
  foreign: z
    .literal(true)
    .optional()
    .describe("The frame had no envelope: seq, boot and at are the classifier's own, at being the time of arrival."),
  roi: Roi.optional().describe("What was cropped."),
});
export type Result = z.infer<typeof Result>;

/** Start or end of a steady gesture. `boot`, `seq` and `at` are those of the frame that decided it. */
export const Gesture = z.object({
  camera: Name,
  model: Name,
  gesture: Label,
  phase: z.enum(["start", "end"]),
  confidence: Confidence,
  seq: Count,
  boot: Boot,
  at: Time,
  heldMs: Milliseconds.optional().describe("Only with end."),
  ms: Stages.optional().describe("The way from capture to here."),
});
export type Gesture = z.infer<typeof Gesture>;

/** The steady gesture now; repeated while frames are classified, so that silence means failure. */
export const GestureState = z.object({
  gesture: Label.nullable(),
  since: Time,
  confidence: Confidence,
  at: Time,
  boot: Boot.optional().describe("Of the last frame that was classified; absent before the first and after the last."),
  seq: Count.optional(),
  frameAt: Time.optional().describe(
    "Its capture time by the camera's clock, where at is when this state was sent by the interpreter's.",
  ),
});
export type GestureState = z.infer<typeof GestureState>;

/** The text spelled so far. */
export const SpelledText = z.object({
  text: Line.max(1024),
  last: Line.max(16).describe("The letter, space or correction that came last; empty after a timeout."),
  at: Time,
  boot: Boot.optional(),
  seq: Count.optional(),
});
export type SpelledText = z.infer<typeof SpelledText>;

/** A command to a relay. Without `at` and `id` it comes from other software, as a plain ON, OFF or TOGGLE does. */
export const RelayCommand = z.object({
  state: z.enum(["ON", "OFF", "TOGGLE"]),
  at: Time.optional(),
  id: Line.min(1).max(64).optional().describe("Told apart by it: a relay obeys an id once."),
  for: z.number().positive().max(86_400).optional().describe("Seconds until it switches back off."),
});
export type RelayCommand = z.infer<typeof RelayCommand>;

/** What made a relay switch, or try to. */
export const RelayCause = z.object({
  by: z.enum(["gesture", "text", "command", "timer", "fail-safe", "start", "stop", "driver"]),
  camera: Name.optional(),
  model: Name.optional(),
  gesture: Label.optional(),
  word: Label.optional(),
  id: Line.max(64).optional(),
  detail: Remark(200).optional(),
});
export type RelayCause = z.infer<typeof RelayCause>;

const OnOff = z.enum(["ON", "OFF"]);

export const RelayState = z.object({ state: OnOff, since: Time, cause: RelayCause });
export type RelayState = z.infer<typeof RelayState>;

export const RelaySwitch = z.object({ from: OnOff, to: OnOff, at: Time, cause: RelayCause, ms: Stages.optional() });
/** `suppressed`: refusals since the last event that were counted, not published. */
export const RelayRefusal = z.object({
  refused: z.string().regex(/^[a-z-]{1,32}$/),
  at: Time,
  cause: RelayCause,
  suppressed: Count.optional(),
});
/** Every switch and every refusal. */
export const RelayEvent = z.union([RelaySwitch, RelayRefusal]);
export type RelayEvent = z.infer<typeof RelayEvent>;

/** Online after connecting; offline before going, or by last will. */
export const ServiceStatus = z.object({
  state: z.enum(["online", "offline"]),
  boot: Boot.describe("Of the service that says so; the last will has the one of its connection."),
  version: Remark(64).optional(),
  host: Remark(255).optional(),
  at: Time.optional(),
});
export type ServiceStatus = z.infer<typeof ServiceStatus>;

const Measure = z.string().regex(/^[a-zA-Z][a-zA-Z0-9-]{0,31}$/);

/** Percentiles of what was timed since the last stats, in ms. */
export const LatencySummary = z.object({
  count: Count,
  p50: Milliseconds,
  p95: Milliseconds,
  p99: Milliseconds,
  max: Milliseconds,
});
export type LatencySummary = z.infer<typeof LatencySummary>;

/** One set of figures: counters and drops since the start, gauges now, latencies since the last stats. */
export const Figures = z.object({
  counters: z.record(Measure, Count),
  drops: z.record(Measure, Count),
  gauges: z.record(Measure, z.number()),
  latency: z.record(Measure, LatencySummary),
});
export type Figures = z.infer<typeof Figures>;

/** What every service tells of itself every 5 s. */
export const ServiceStats = Figures.extend({
  at: Time,
  boot: Boot,
  uptime: z.number().nonnegative().describe("Seconds since the start."),
  host: Remark(255),
  version: Remark(64),
  process: z.object({
    cpu: z.number().nonnegative().describe("Percent of one core since the last stats, of the whole process."),
    memory: z.number().nonnegative().describe("Resident memory of the whole process, MB."),
    eventLoopDelay: Milliseconds.describe("99th percentile since the last stats, ms."),
  }),
  parts: z.record(Name, Figures).describe("The same figures by part: a model, a camera, a relay."),
  facts: z.record(Measure, Remark(200)).optional().describe("Facts in words, such as the engine of a model."),
});
export type ServiceStats = z.infer<typeof ServiceStats>;

/** `/set` and `/config`: which fields there are is each service's own schema. */
export const Settings = z.record(z.string().max(64), z.json());
export type Settings = z.infer<typeof Settings>;
