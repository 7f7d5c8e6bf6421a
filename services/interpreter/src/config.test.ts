import { describe, expect, it } from "vitest";
import { InterpreterConfig, thresholdsOf } from "./config.ts";

describe("the interpreter's configuration", () => {
  it("has defaults for everything", () => {
    expect(InterpreterConfig.parse({})).toMatchObject({ cameras: [], models: [], text: { models: ["letters"] } });
  });

  it.each([
    ["in all", { enter: 0.4 }, ["leave"]],
    ["in one gesture", { gestures: { letters: { A: { enter: 0.3 } } } }, ["gestures", "letters", "A", "leave"]],
    [
      "between a gesture and its model",
      { gestures: { letters: { "*": { enter: 0.4, leave: 0.2 }, B: { leave: 0.45 } } } },
      ["gestures", "letters", "B", "leave"],
    ],
  ])("refuses a leave above the enter %s", (_, config, path) => {
    expect(InterpreterConfig.safeParse(config).error?.issues).toMatchObject([{ path }]);
  });

  it("finds nothing under names that every object has", () => {
    const config = InterpreterConfig.parse({});
    expect(thresholdsOf(config, "constructor", "toString")).toEqual(thresholdsOf(config, "letters", "A"));
  });
});
