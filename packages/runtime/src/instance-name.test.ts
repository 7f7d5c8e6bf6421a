import { Name } from "@beckon/protocol";
import { describe, expect, it } from "vitest";
import { instanceName } from "./instance-name.ts";

describe("instanceName", () => {
  it.each([
    ["raspberrypi", "raspberrypi"],
    ["Desk-PC.local", "desk-pc-local"],
    ["_weird__name_", "weird-name"],
    ["état", "tat"],
    ["state", "host-state"],
    ["", "host"],
    ["---", "host"],
    [`${"a".repeat(31)}-b`, "a".repeat(31)],
  ])("makes of the machine %j the name %s", (host, name) => {
    expect(instanceName(host)).toBe(name);
    expect(Name.safeParse(name).success).toBe(true);
  });

  it("has a name for this machine", () => {
    expect(Name.safeParse(instanceName()).success).toBe(true);
  });
});
