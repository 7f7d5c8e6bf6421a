/** Whatever can travel, as fast-check draws it. */
import fc from "fast-check";
import { createBoot } from "../boot.ts";
import type { FrameEnvelope } from "../envelope.ts";
import { Name } from "../names.ts";
import type { FamilyName } from "../topics.ts";

export const aName = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,31}$/).filter((name) => Name.safeParse(name).success);

// JSON has no -0: it comes back as 0.
const double = (min: number, max: number) =>
  fc.double({ min, max, noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const aTime = double(0, 4e12);
const milliseconds = double(0, 1e9);
const aConfidence = double(0, 1);
const aCount = fc.maxSafeNat();
const aBoot = fc.integer({ min: 1, max: 4_000_000_000_000 }).map(createBoot);
/** Written by people in any script, without what cannot be printed. */
const words = (minLength: number, maxLength: number) =>
  fc
    .string({ unit: "grapheme", minLength, maxLength })
    .map((text) => text.replace(/\p{C}/gu, "").slice(0, maxLength))
    .map((text) => (isWhole(text) ? text : text.slice(0, -1)))
    .filter((text) => text.length >= minLength);
const isWhole = (text: string): boolean => /^\P{C}*$/u.test(text);
const aLabel = words(1, 64);
const stages = fc.dictionary(fc.stringMatching(/^[a-zA-Z-]{1,24}$/), milliseconds, {
  maxKeys: 6,
  noNullPrototype: true,
});
const aMeasure = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9-]{0,31}$/);

const aRoi = fc
  .tuple(double(0, 0.9), double(0, 0.9), double(0.01, 1), double(0.01, 1))
  .map(([x, y, width, height]): [number, number, number, number] => [
    x,
    y,
    Math.min(width, 1 - x),
    Math.min(height, 1 - y),
  ]);

export const anEnvelope: fc.Arbitrary<FrameEnvelope> = fc.record(
  {
    seq: aCount,
    boot: aBoot,
    at: aTime,
    width: fc.integer({ min: 1, max: 65_535 }),
    height: fc.integer({ min: 1, max: 65_535 }),
    roi: aRoi,
  },
  { requiredKeys: ["seq", "boot", "at", "width", "height"], noNullPrototype: true },
);

const record = <T extends object>(all: { [K in keyof T]: fc.Arbitrary<T[K]> }, optional: readonly (keyof T)[]) =>
  fc.record(all, {
    requiredKeys: (Object.keys(all) as (keyof T)[]).filter((key) => !optional.includes(key)),
    noNullPrototype: true,
  });

const aCause = record(
  {
    by: fc.constantFrom("gesture", "text", "command", "timer", "fail-safe", "start", "stop", "driver"),
    camera: aName,
    model: aName,
    gesture: aLabel,
    word: aLabel,
    id: words(0, 64),
    detail: words(0, 200),
  },
  ["camera", "model", "gesture", "word", "id", "detail"],
);

const onOff = fc.constantFrom("ON", "OFF");
const some = <K extends string, V>(key: fc.Arbitrary<K>, value: fc.Arbitrary<V>) =>
  fc.dictionary(key, value, { maxKeys: 4, noNullPrototype: true });

const figures = {
  counters: some(aMeasure, aCount),
  drops: some(aMeasure, aCount),
  gauges: some(aMeasure, double(-1e12, 1e12)),
  latency: some(
    aMeasure,
    record({ count: aCount, p50: milliseconds, p95: milliseconds, p99: milliseconds, max: milliseconds }, []),
  ),
};

const settings = fc.dictionary(
  fc.string({ maxLength: 64 }).filter((key) => key !== "__proto__"),
  fc
    .jsonValue({ maxDepth: 6 })
    // zod leaves such a key out, so that no receiver merges it into a prototype.
    .filter((value) => !JSON.stringify(value).includes("__proto__"))
    .map((value) => JSON.parse(JSON.stringify(value)) as unknown),
  { maxKeys: 6, noNullPrototype: true },
);

/** What a service of ours may send, for every topic with a JSON payload. */
export const payloads: Readonly<Record<Exclude<FamilyName, "frame" | "snapshot">, fc.Arbitrary<unknown>>> = {
  result: record(
    {
      camera: aName,
      model: aName,
      version: words(0, 64),
      seq: aCount,
      boot: aBoot,
      at: aTime,
      label: aLabel,
      confidence: aConfidence,
      top: fc.array(record({ label: aLabel, confidence: aConfidence }, []), { maxLength: 16 }),
      engine: words(0, 64),
      ms: stages,
      foreign: fc.constant(true),
      roi: aRoi,
    },
    ["foreign", "roi"],
  ),
  gesture: record(
    {
      camera: aName,
      model: aName,
      gesture: aLabel,
      phase: fc.constantFrom("start", "end"),
      confidence: aConfidence,
      seq: aCount,
      boot: aBoot,
      at: aTime,
      heldMs: milliseconds,
      ms: stages,
    },
    ["heldMs", "ms"],
  ),
  state: record(
    {
      gesture: fc.option(aLabel),
      since: aTime,
      confidence: aConfidence,
      at: aTime,
      boot: aBoot,
      seq: aCount,
      frameAt: aTime,
    },
    ["boot", "seq", "frameAt"],
  ),
  text: record({ text: words(0, 1024), last: words(0, 16), at: aTime, boot: aBoot, seq: aCount }, ["boot", "seq"]),
  relaySet: record(
    { state: fc.constantFrom("ON", "OFF", "TOGGLE"), at: aTime, id: words(1, 64), for: double(0.001, 86_400) },
    ["at", "id", "for"],
  ),
  relayState: record({ state: onOff, since: aTime, cause: aCause }, []),
  relayEvent: fc.oneof(
    record({ from: onOff, to: onOff, at: aTime, cause: aCause, ms: stages }, ["ms"]),
    record({ refused: fc.stringMatching(/^[a-z-]{1,32}$/), at: aTime, cause: aCause, suppressed: aCount }, [
      "suppressed",
    ]),
  ),
  status: record(
    {
      state: fc.constantFrom("online", "offline"),
      boot: aBoot,
      version: words(0, 64),
      host: words(0, 255),
      at: aTime,
    },
    ["version", "host", "at"],
  ),
  stats: record(
    {
      ...figures,
      at: aTime,
      boot: aBoot,
      uptime: double(0, 1e9),
      host: words(0, 255),
      version: words(0, 64),
      process: record({ cpu: double(0, 6400), memory: double(0, 1e6), eventLoopDelay: milliseconds }, []),
      parts: some(aName, record(figures, [])),
      facts: some(aMeasure, words(0, 200)),
    },
    ["facts"],
  ),
  serviceSet: settings,
  serviceConfig: settings,
};
