import { Name } from "@beckon/protocol";
import { describe, expect, it } from "vitest";
import { cameraSettings, type KeyValueStore } from "./camera-settings.ts";

const store = (text?: string): KeyValueStore & { text: string | undefined } => ({
  text,
  getItem() {
    return this.text ?? null;
  },
  setItem(_key, value) {
    this.text = value;
  },
});
const PHONE = "Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 Chrome/156.0 Mobile Safari/537.36";
const LAPTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36";

describe("the settings of a browser's camera", () => {
  it.each([
    ["phone", PHONE],
    ["laptop", LAPTOP],
  ])("begin with a name of a %s that a topic may have, and keep it", (device, userAgent) => {
    const storage = store();
    const { name } = cameraSettings(storage, userAgent);
    expect(name.value).toMatch(new RegExp(`^${device}-[0-9a-z]{4}$`));
    expect(Name.safeParse(name.value).success).toBe(true);
    expect(cameraSettings(storage, userAgent).name.value).toBe(name.value);
  });

  it("keep what was chosen", () => {
    const storage = store();
    const chosen = cameraSettings(storage, LAPTOP);
    chosen.fps.value = 5;
    chosen.roi.value = [0.1, 0.2, 0.3, 0.4];
    chosen.mirrored.value = false;
    const again = cameraSettings(storage, LAPTOP);
    expect([again.fps.value, again.roi.value, again.mirrored.value]).toEqual([5, [0.1, 0.2, 0.3, 0.4], false]);
  });

  it.each(["", "{", "null", "17", "[]", '{"name":"../x","fps":1e9,"roi":[2,2,2,2],"mirrored":"yes","device":7}'])(
    "are the usual ones where %j is kept",
    (text) => {
      const { name, fps, roi, mirrored, device } = cameraSettings(store(text), LAPTOP);
      expect(Name.safeParse(name.value).success).toBe(true);
      expect([fps.value, roi.value, mirrored.value, device.value]).toEqual([15, undefined, true, "user"]);
    },
  );

  it("live without a store", () => {
    const broken: KeyValueStore = {
      getItem: () => {
        throw new Error("denied");
      },
      setItem: () => {
        throw new Error("full");
      },
    };
    expect(cameraSettings(broken, LAPTOP).fps.value).toBe(15);
  });
});
