import { homedir } from "node:os";
import { describe, expect, it } from "vitest";
import { dataFolder, stateFolder, withHome } from "./folders.ts";

describe("the folders of a user", () => {
  it("lie where the variables of the desktop say", () => {
    expect(dataFolder("models", { XDG_DATA_HOME: "/data" })).toBe("/data/beckon/models");
    expect(stateFolder("dashboard", { XDG_STATE_HOME: "/state" })).toBe("/state/beckon/dashboard");
  });

  it("lie in the home folder without them, and where they are relative", () => {
    expect(dataFolder("models", {})).toBe(`${homedir()}/.local/share/beckon/models`);
    expect(stateFolder("dashboard", { XDG_STATE_HOME: "state" })).toBe(`${homedir()}/.local/state/beckon/dashboard`);
  });

  it("may be written with a tilde", () => {
    expect(withHome("~/models")).toBe(`${homedir()}/models`);
    expect(withHome("/~/models")).toBe("/~/models");
    expect(withHome("~other/models")).toBe("~other/models");
  });
});
