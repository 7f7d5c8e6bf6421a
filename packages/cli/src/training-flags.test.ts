import { findArchitecture, parseDataInput } from "@beckon/training";
import { describe, expect, it } from "vitest";
import { Arguments } from "./arguments.ts";
import { slug, TRAINING_FLAGS, trainingOptions } from "./training-flags.ts";

function options(...words: string[]) {
  const args = new Arguments(words, TRAINING_FLAGS);
  return trainingOptions(args, { findArchitecture, parseDataInput }, "beckon train");
}

describe("the flags of train", () => {
  it("do the right thing with nothing but an architecture and a folder", () => {
    const { recipe, out, name, data, split, balance } = options("--arch", "hand-cnn", "--data", "photos/My Hands");
    expect(recipe).toEqual(findArchitecture("hand-cnn").recipe);
    expect({ out, name, data, split, balance }).toEqual({
      out: "runs/hand-cnn-my-hands",
      name: "hand-cnn-my-hands",
      data: [{ folder: "photos/My Hands" }],
      split: undefined,
      balance: false,
    });
  });
  it("change what they name and nothing else of the recipe", () => {
    const { recipe } = options("--data", "x", "--epochs", "3", "--rate", "0.5", "--weight-decay", "0");
    const own = findArchitecture("own").recipe;
    expect(recipe).toEqual({ ...own, epochs: 3, optimiser: { ...own.optimiser, rate: 0.5, weightDecay: 0 } });
  });
  it("do not carry Adam's rate over to sgd", () => {
    const { recipe } = options("--data", "x", "--arch", "hand-cnn", "--optimiser", "sgd", "--momentum", "0.9");
    expect(recipe.optimiser).toEqual({ type: "sgd", rate: 0.01, momentum: 0.9 });
  });
  it.each([
    [["--split", "random"], { type: "random", validation: 0.15 }],
    [["--split", "source", "--validation-share", "0.3"], { type: "source", validation: 0.3 }],
    [["--validation-sources", "ann,bob"], { type: "source", validation: ["ann", "bob"] }],
    [["--split", "block", "--block-size", "10"], { type: "blocks", size: 10, validation: 0.15 }],
    [["--validation-share", "0.3"], { type: "auto", validation: 0.3 }],
    [["--counts", "100,20"], { type: "counts", train: 100, validation: 20 }],
  ])("hold back as %j asks", (words, split) => {
    expect(options("--data", "x", ...words).split).toEqual(split);
  });
  it.each([
    [["--arch", "own"], /add --data/],
    [["--data", "x", "--freeze"], /--freeze needs --from/],
    [["--data", "x", "--momentum", "0.9"], /--momentum belongs to sgd/],
    [["--data", "x", "--split", "random", "--validation", "y"], /give one of them/],
    [["--data", "x", "--counts", "9,9", "--split", "random"], /--counts and --split do not go together/],
    [["--data", "x", "--counts", "9"], /two whole numbers/],
    [["--data", "x", "--block-size", "9"], /belongs to --split block/],
    [["--data", "x", "--name", "My Model"], /such as my-model/],
    [["--data", "x", "--classes", "A,A"], /names one twice/],
    [["--data", "x", "--epochs", "0"], /--epochs "0"/],
    [["--data", "x", "--resume"], /nothing to resume/],
  ])("refuse %j", (words, message) => {
    expect(() => options(...words)).toThrow(message);
  });
  it("make a name that may travel in a topic of anything", () => {
    expect([slug("Hände & Füße"), slug("---"), slug("x".repeat(40))]).toEqual(["h-nde-f-e", "model", "x".repeat(32)]);
  });
});
