import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareBoots, createBoot } from "./boot.ts";
import { Boot } from "./payloads.ts";

/** Until the year 2096. */
const aTime = fc.integer({ min: 0, max: 4_000_000_000_000 });

describe("a boot", () => {
  it("is what a payload accepts", () => {
    fc.assert(fc.property(aTime, (time) => Boot.safeParse(createBoot(time)).success));
  });

  it("sorts by its start, also across the year 2059, in which it grows by a digit", () => {
    const around2059 = fc.integer({ min: 36 ** 8 - 1000, max: 36 ** 8 + 1000 });
    const someTime = fc.oneof(aTime, around2059);
    fc.assert(
      fc.property(someTime, someTime, (one, other) => {
        fc.pre(one !== other);
        expect(Math.sign(compareBoots(createBoot(one), createBoot(other)))).toBe(Math.sign(one - other));
      }),
    );
  });

  it("is the same as itself, and another than one of the same millisecond", () => {
    const boot = createBoot(1763632801234.5);
    expect(compareBoots(boot, boot)).toBe(0);
    const twins = new Set(Array.from({ length: 50 }, () => createBoot(1763632801234.5)));
    expect(twins.size).toBeGreaterThan(1);
  });

  it("gives two of the same millisecond an order, the same from both sides", () => {
    fc.assert(
      fc.property(aTime, (time) => {
        const [one, other] = [createBoot(time), createBoot(time)];
        expect(compareBoots(one, other) + compareBoots(other, one)).toBe(0);
      }),
    );
  });
});
