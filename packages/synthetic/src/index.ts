export {};
export { between, normal, type Random, seededRandom, shuffle } from "./random.ts";
