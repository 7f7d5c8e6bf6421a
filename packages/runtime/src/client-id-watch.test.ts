import { describe, expect, it } from "vitest";
import { ClientIdWatch, type Ending } from "./client-id-watch.ts";

const told: Ending = { lived: 250, takenOver: true, closedByBroker: true };
const guessed: Ending = { lived: 250, takenOver: false, closedByBroker: true };

function verdicts(endings: readonly Ending[]): boolean[] {
  const watch = new ClientIdWatch();
  return endings.map((ending) => watch.ended(ending));
}

describe("a fight over a client id", () => {
  it("is seen at the third short life of which the broker says that it was taken over", () => {
    expect(verdicts([told, told, told])).toEqual([false, false, true]);
  });

  it("is guessed at the fifth short life that the broker ends without a word", () => {
    expect(verdicts(Array.from({ length: 5 }, () => guessed))).toEqual([false, false, false, false, true]);
  });

  it.each([
    ["a long life", { ...guessed, lived: 2000 }],
    ["an attempt that the broker did not take, for it was away", { ...guessed, lived: undefined }],
    ["a link that broke", { ...guessed, closedByBroker: false }],
  ])("is not seen over %s", (_name, peace: Ending) => {
    const short = Array.from({ length: 4 }, () => guessed);
    expect(verdicts([...short, peace, ...short])).not.toContain(true);
  });

  it("ends with one that stays, the one that was there before", () => {
    const [old, young] = [new ClientIdWatch(), new ClientIdWatch()];
    expect(old.ended({ ...told, lived: 100_000 })).toBe(false);
    const lives = [young, old, young, old, young].map((watch) => watch.ended(told));
    expect(lives).toEqual([false, false, false, false, true]);
  });
});
