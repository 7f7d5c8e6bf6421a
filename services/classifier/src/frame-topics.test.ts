import { createTopics } from "@beckon/protocol";
import { describe, expect, it } from "vitest";
import { ClassifierConfig } from "./config.ts";
import { frameTopics } from "./frame-topics.ts";

const topics = createTopics();
const filterOf = (config: object) => frameTopics(topics, ClassifierConfig.parse(config));

describe("the topics of frames", () => {
  it("are those of all cameras under the prefix", () => {
    const filter = filterOf({});
    expect(filter.filters).toEqual(["beckon/+/frame"]);
    expect(filter.match("beckon/desk/frame")).toEqual({ camera: "desk" });
  });

  it("are also those of other software, each as the camera it was named", () => {
    const filter = filterOf({ cameras: ["desk"], frameTopics: { porch: "frigate/porch/person/snapshot" } });
    expect(filter.filters).toEqual(["beckon/desk/frame", "frigate/porch/person/snapshot"]);
    expect(filter.match("frigate/porch/person/snapshot")).toEqual({ camera: "porch" });
    expect(filter.match("beckon/desk/frame")).toEqual({ camera: "desk" });
    expect(filter.match("frigate/door/person/snapshot")).toBeUndefined();
  });

  it("are dealt to the members of a group one and all", () => {
    const filter = filterOf({ group: "gpu", frameTopics: { porch: "cam/porch" } });
    expect(filter.filters).toEqual(["$share/gpu/beckon/+/frame", "$share/gpu/cam/porch"]);
  });

  it("are topics, without wildcards and none of the broker's own", () => {
    for (const topic of ["cam/+", "cam/#", "$SYS/x", "", "cam//x"])
      expect(ClassifierConfig.safeParse({ frameTopics: { porch: topic } }).success).toBe(false);
  });
});
