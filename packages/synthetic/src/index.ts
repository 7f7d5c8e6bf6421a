export { interpolate, poseOf, SIGNS } from "./poses.ts";
export { between, normal, type Random, seededRandom, shuffle } from "./random.ts";
export { drawScene, drawSilhouette, type Scene } from "./scene.ts";
export type { FingerAngles, HandPose, HandShape, ThumbAngles } from "./skeleton.ts";
export { frameAt, type SpellingFrame, type SpellingPace, type SpellingScript, scriptOf, spell } from "./spelling.ts";
export { defaultStyle, type HandStyle, randomStyle } from "./style.ts";
