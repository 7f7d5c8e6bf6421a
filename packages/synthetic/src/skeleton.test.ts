import { expect, test } from "vitest";
import { add, dot, length } from "./geometry.ts";
import { poseOf, SIGNS } from "./poses.ts";
import { type HandPose, skeletonOf } from "./skeleton.ts";
import { defaultStyle } from "./style.ts";

const { shape } = defaultStyle;
const flat = poseOf("5");
const withIndex = (mcp: number, pip: number, dip: number): HandPose => ({
  ...flat,
  index: { mcp, pip, dip, spread: 0 },
});
const boneOf = (pose: HandPose, bone: 0 | 1 | 2) => {
  const { joints } = skeletonOf(pose, shape).fingers.index;
  return add(joints[(bone + 1) as 1].at, joints[bone].at, -1);
};

test("a bone keeps its length however the joints are bent", () => {
  for (const sign of SIGNS) {
    for (const bone of [0, 1, 2] as const) {
      expect(length(boneOf(poseOf(sign), bone))).toBeCloseTo(length(boneOf(flat, bone)), 6);
    }
  }
});

test("a straight finger points up and a bent knuckle points it at the viewer", () => {
  const [, up, out] = boneOf(withIndex(0, 0, 0), 0);
  expect(up).toBeGreaterThan(4);
  expect(Math.abs(out)).toBeLessThan(1e-9);
  const bent = boneOf(withIndex(90, 0, 0), 0);
  expect(bent[2]).toBeCloseTo(length(bent), 6);
});

test("flexions add up along the finger", () => {
  const tip = boneOf(withIndex(60, 60, 60), 2);
  expect(tip[1]).toBeLessThan(0);
  expect(Math.abs(tip[2])).toBeLessThan(1e-9);
});

test("the pad of a bone stays at right angles to it", () => {
  const { joints, palmar } = skeletonOf(withIndex(40, 50, 20), shape).fingers.index;
  for (const bone of [0, 1, 2] as const) {
    expect(dot(palmar[bone], add(joints[(bone + 1) as 1].at, joints[bone].at, -1))).toBeCloseTo(0, 6);
  }
});
