import type { ArgsDef } from "citty";
import { describe, expect, it } from "vitest";
import { Arguments } from "./arguments.ts";
import { UsageError } from "./usage.ts";

const definition = {
  picture: { type: "positional", required: false, description: "a picture" },
  data: { type: "string", valueHint: "folder" },
  epochs: { type: "string" },
  "label-smoothing": { type: "string" },
  optimiser: { type: "string" },
  json: { type: "boolean" },
} satisfies ArgsDef;

const read = (...words: string[]) => new Arguments(words, definition);

describe("arguments", () => {
  it("keeps every value of a repeated flag, in both spellings", () => {
    const args = read("--data", "a", "--data=b=nothing", "x.jpg");
    expect(args.all("data")).toEqual(["a", "b=nothing"]);
    expect(args.positionals).toEqual(["x.jpg"]);
  });
  it("takes - and negative numbers as what they are", () => {
    expect(read("-").positionals).toEqual(["-"]);
    expect(() => read("--epochs", "-3").number("epochs", { min: 1, max: 10 })).toThrow(/--epochs "-3"/);
  });
  it.each([
    [["--epoch", "3"], /unknown flag --epoch; did you mean --epochs\?/],
    [["--labelSmoothing", "1"], /unknown flag --labelSmoothing; did you mean --label-smoothing\?/],
    [["-e", "3"], /unknown flag -e/],
    [["--constructor", "3"], /unknown flag --constructor/],
    [["--picture", "x"], /unknown flag --picture/],
    [["--no-data"], /unknown flag --no-data/],
    [["--data"], /--data needs a value: --data <folder>/],
    [["--data", "--json"], /--data needs a value/],
    [["--data="], /--data needs a value/],
    [["--json=false"], /--json takes no value/],
    [["a", "b"], /"b" has no place here/],
    [["a", "epochs"], /did you mean --epochs\?/],
  ])("refuses %j", (words, message) => {
    expect(() => read(...words)).toThrow(UsageError);
    expect(() => read(...words)).toThrow(message);
  });
  it("asks for a word that is missing", () => {
    expect(() => new Arguments([], { picture: { type: "positional", description: "a picture" } })).toThrow(
      "<picture> is missing: a picture",
    );
  });
  it("knows a switch, its opposite, and its absence", () => {
    expect([read("--json").on("json"), read("--json", "--no-json").on("json"), read().on("json")]).toEqual([
      true,
      false,
      false,
    ]);
  });
  it("reads numbers within their range and names the flag otherwise", () => {
    const range = { min: 1, max: 100, whole: true };
    expect(read("--epochs", "25").number("epochs", range)).toBe(25);
    expect(read().number("epochs", range)).toBeUndefined();
    for (const wrong of ["0", "101", "2.5", "ten", "1e999", " "])
      expect(() => read("--epochs", wrong).number("epochs", range)).toThrow(
        `--epochs "${wrong}": a whole number from 1 to 100 is wanted`,
      );
  });
  it("reads lists and choices", () => {
    expect(read("--data", "J, Z", "--data", "del").list("data")).toEqual(["J", "Z", "del"]);
    expect(() => read("--data", "J,,Z").list("data")).toThrow(/a name is missing/);
    expect(() => read("--optimiser", "adan").choice("optimiser", ["adam", "sgd"])).toThrow(/did you mean adam\?/);
  });
});
