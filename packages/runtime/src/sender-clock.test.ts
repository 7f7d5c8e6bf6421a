import { describe, expect, it } from "vitest";
import { SenderClock, type Timing } from "./sender-clock.ts";

const OLDER = "mg2k1x00-aaaa";
const BOOT = "mg2k1x0z-a9f3";
const NEWER = "mg2k1x99-0000";
/** The sender's clock is an hour behind, which must not matter. */
const BEHIND = 3_600_000;

interface Step {
  readonly boot?: string;
  readonly seq: number;
  /** When it was sent, ms after the start by the receiver's clock. */
  readonly sent: number;
  /** How long it was on its way, 5 ms unless given. */
  readonly way?: number;
  readonly becomes: Partial<Timing>;
}

const accepted = { untimely: undefined } as const;

/** Frames every 33 ms that all pass. */
function steady(count: number, { boot = BOOT, from = 0, seq = 0, becomes = accepted as Partial<Timing> } = {}): Step[] {
  return Array.from({ length: count }, (_, index) => ({ boot, seq: seq + index, sent: from + index * 33, becomes }));
}

describe("SenderClock", () => {
  it.each<[what: string, steps: readonly Step[]]>([
    ["takes the first of all as of now", [{ seq: 7, sent: 0, becomes: { age: 0, gap: 0, first: true } }]],
    [
      "measures the age beyond the shortest way",
      [...steady(3), { seq: 3, sent: 100, way: 45, becomes: { gap: 0, first: false } }],
    ],
    ["counts what never arrived", [...steady(2), { seq: 5, sent: 99, becomes: { gap: 3 } }]],
    ["drops a duplicate", [...steady(2), { seq: 1, sent: 33, way: 20, becomes: { untimely: "duplicate" } }]],
    [
      "drops what comes out of order",
      [...steady(3), { seq: 1, sent: 33, way: 90, becomes: { untimely: "out-of-order" } }],
    ],
    [
      "drops an older boot",
      [
        ...steady(2),
        { boot: OLDER, seq: 900, sent: 70, becomes: { untimely: "older-boot" } },
        ...steady(1, { seq: 2, from: 80 }),
      ],
    ],
    [
      "begins anew with a newer boot",
      [...steady(2, { seq: 500 }), { boot: NEWER, seq: 0, sent: 70, becomes: { age: 0, gap: 0, first: true } }],
    ],
    [
      "drops the boot before once a newer one is there",
      [
        ...steady(2),
        { boot: NEWER, seq: 0, sent: 70, becomes: { first: true } },
        { seq: 2, sent: 80, becomes: { untimely: "older-boot" } },
      ],
    ],
    [
      "refuses what is too old, and keeps its place in the order",
      [
        ...steady(2),
        { seq: 3, sent: 50, way: 1200, becomes: { untimely: "stale", gap: 1 } },
        { seq: 3, sent: 50, way: 1210, becomes: { untimely: "duplicate" } },
        { seq: 4, sent: 1290, becomes: { ...accepted, gap: 0 } },
      ],
    ],
    [
      "refuses one from the future, and lets it spoil neither the order nor the count of the lost",
      [
        ...steady(2),
        { seq: 1_000_000, sent: 60_070, way: -60_000, becomes: { untimely: "clock" } },
        { seq: 2, sent: 100, becomes: { ...accepted, gap: 0 } },
        { seq: 3, sent: 60_133, way: -60_000, becomes: { untimely: "clock" } },
        { seq: 4, sent: 166, becomes: { ...accepted, gap: 0 } },
      ],
    ],
    [
      "is not persuaded by one message from the future that comes again and again",
      [
        ...steady(2),
        ...Array.from({ length: 20 }, (_, index) => ({
          seq: 50,
          sent: 60_000,
          way: -59_900 + index * 10,
          becomes: { untimely: "clock" as const },
        })),
        { seq: 2, sent: 400, becomes: accepted },
      ],
    ],
    [
      "learns anew from five in a row that agree with each other: its first was late",
      [
        { seq: 0, sent: 0, way: 800, becomes: { first: true } },
        ...steady(4, { seq: 1, from: 820, becomes: { untimely: "clock" } }),
        ...steady(3, { seq: 5, from: 960 }),
      ],
    ],
    [
      "takes none of those it refused for lost",
      [
        { seq: 0, sent: 0, way: 800, becomes: { first: true } },
        ...steady(4, { seq: 1, from: 820, becomes: { untimely: "clock" } }),
        { seq: 7, sent: 960, becomes: { gap: 2 } },
      ],
    ],
    [
      "lets a boot that sorts lower in after 10 s of silence: its clock began in the past",
      [...steady(2), { boot: OLDER, seq: 0, sent: 10_050, becomes: { age: 0, first: true } }],
    ],
    [
      "does not do so a moment earlier",
      [...steady(2), { boot: OLDER, seq: 0, sent: 10_020, becomes: { untimely: "older-boot" } }],
    ],
    [
      "keeps what came late after a silence stale",
      [...steady(2), { seq: 2, sent: 70, way: 30_000, becomes: { untimely: "stale" } }],
    ],
  ])("%s", (_what, steps) => {
    const clock = new SenderClock({ maxAge: 1000 });
    for (const { boot = BOOT, seq, sent, way = 5, becomes } of steps)
      expect(
        { ...accepted, ...clock.accept({ boot, seq, at: sent - BEHIND }, sent + way) },
        `seq ${seq}`,
      ).toMatchObject(becomes);
  });

  it.each([1 + 1e-4, 1 - 1e-4])("stays right over a day with a crystal that runs %d as fast", (rate) => {
    const clock = new SenderClock({ maxAge: 1000 });
    const ages: number[] = [];
    for (let seq = 0; seq < 8640; seq += 1) {
      const timing = clock.accept({ boot: BOOT, seq, at: seq * 10_000 * rate }, seq * 10_000);
      expect(timing.untimely).toBeUndefined();
      ages.push(timing.age ?? Number.NaN);
    }
    expect(Math.max(...ages)).toBeLessThan(5);
  });

  it("judges an event by what others taught it, and learns nothing from it", () => {
    const clock = new SenderClock({ maxAge: 1000 });
    expect(clock.judge({ boot: BOOT, at: 0 }, 0)).toBeUndefined();
    for (const seq of [0, 1, 2]) clock.accept({ boot: BOOT, seq, at: seq * 33 }, seq * 33 + 5);
    expect(clock.judge({ boot: BOOT, at: 66 }, 171)).toMatchObject({ age: expect.closeTo(100, 0) });
    expect(clock.judge({ boot: BOOT, at: 66 }, 1200)).toMatchObject({ untimely: "stale" });
    for (let count = 0; count < 10; count += 1)
      expect(clock.judge({ boot: BOOT, at: 60_000 + count }, 1200)).toMatchObject({ untimely: "clock" });
    expect(clock.judge({ boot: OLDER, at: 66 }, 100)).toEqual({ untimely: "older-boot" });
    expect(clock.judge({ boot: NEWER, at: 66 }, 100), "nothing is known of it yet").toBeUndefined();
    expect(clock.accept({ boot: BOOT, seq: 3, at: 99 }, 104)).toMatchObject({ gap: 0 });
  });

  it("tells how long the sender has been silent, and lets nothing that it refused count", () => {
    const clock = new SenderClock({ maxAge: 1000 });
    expect(clock.silence(5)).toBe(Number.POSITIVE_INFINITY);
    clock.accept({ boot: BOOT, seq: 0, at: 0 }, 100);
    clock.accept({ boot: BOOT, seq: 1, at: 60_000 }, 200);
    clock.accept({ boot: BOOT, seq: 0, at: 0 }, 300);
    clock.accept({ boot: OLDER, seq: 0, at: 0 }, 400);
    expect(clock.silence(500)).toBe(400);
  });
});
