import { describe, expect, it } from "vitest";
import type { Recording } from "./teach-api.ts";
import { planTraining } from "./training-plan.ts";

let clock = 0;

function recording(gesture: string, count = 20, id = `desk-${++clock}`): Recording {
  const pictures = Array.from({ length: count }, (_, index) => `${id}-${index}.jpg`);
  return { id, gesture, camera: "desk", startedAt: ++clock, pictures };
}

function wanted(...recordings: Recording[]): readonly string[] {
  return planTraining(recordings).wanted;
}

describe("what a training needs", () => {
  it("holds back the last recording of each gesture, whole", () => {
    const all = ["wave", "others", "wave", "others", "wave"].map((gesture) => recording(gesture));
    const { classes, heldBack, wanted } = planTraining(all);
    expect(wanted).toEqual([]);
    expect(classes).toEqual(["others", "wave"]);
    expect(heldBack).toEqual([all[3]?.id, all[4]?.id]);
  });

  it("says what to do first", () => {
    expect(wanted()).toEqual(["Record a gesture, twice.", expect.stringContaining('Record "others", twice')]);
  });

  it("asks for others, and for a gesture where there are only others", () => {
    expect(wanted(recording("wave"), recording("wave"))).toEqual([expect.stringContaining('Record "others"')]);
    expect(wanted(recording("others"), recording("others"))).toEqual(["Record a gesture, twice."]);
  });

  it("asks for a second recording, because the last is not learned from", () => {
    const others = [recording("others"), recording("others")];
    expect(wanted(recording("wave"), ...others)).toEqual([expect.stringContaining('Record "wave" once more')]);
  });

  it("asks for more pictures to learn from, or to test with", () => {
    const others = [recording("others"), recording("others")];
    expect(wanted(recording("wave", 14), recording("wave"), ...others)).toEqual([
      'Record "wave" for longer: it has 14 pictures to learn from, and 15 are wanted.',
    ]);
    expect(wanted(recording("wave"), recording("wave", 3), ...others)).toEqual([
      'Record "wave" for longer: it has 3 pictures in its last recording, to test with, and 15 are wanted.',
    ]);
    expect(wanted(recording("wave", 15), recording("wave", 15), ...others)).toEqual([]);
  });

  it("does not learn from a folder of several gestures that is held back for one of them", () => {
    const kitchen = ["wave", "stop", "others"].map((gesture) => recording(gesture, 20, "kitchen"));
    expect(wanted(...kitchen)).toHaveLength(3);
    const garden = ["wave", "stop", "others"].map((gesture) => recording(gesture, 20, "garden"));
    expect(planTraining([...kitchen, ...garden])).toMatchObject({ wanted: [], heldBack: ["garden"] });
  });

  it("does not take two spellings of one name for two gestures", () => {
    const all = ["others", "others", "wave", "wave", "Wave", "Wave"].map((gesture) => recording(gesture));
    expect(wanted(...all)).toEqual([expect.stringContaining('"Wave" and "wave" one name')]);
  });
});
