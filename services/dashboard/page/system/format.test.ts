import { expect, it } from "vitest";
import { number, span } from "./format.ts";

it("shows numbers as short as they are of use", () => {
  expect([0, 7, 2.44, 12_345, 1234.56, 0.04].map(number)).toEqual(["0", "7", "2.4", "12,345", "1,235", "0.0"]);
});

it("shows how long something lasts by its largest unit, and days with their hours", () => {
  expect([0, 41.7, 125, 7200, 93_600, 86_400].map(span)).toEqual(["0 s", "41 s", "2 min", "2 h", "1 d 2 h", "1 d"]);
});
