import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startMosquitto, withDebian } from "@beckon/runtime/testing";
import { afterEach, describe, expect, test } from "vitest";
import { beckon, emptyFolder, stopAll, withConfig } from "./beckon-process.ts";

afterEach(stopAll);

const ownBroker = { broker: { port: 0, websocketPort: null } };
const pin = (driver: object) => ({ relay: { relays: { lamp: { driver } } } });
/** Nothing listens there: it needs a privilege, and belongs to no service of today. */
const NOWHERE = "mqtt://127.0.0.1:9";

describe("what cannot come back ends in one line and exit code 1", () => {
  test.each([
    ["a model", { ...ownBroker, classifier: { models: ["lettrs"] } }, /no bundle "lettrs".*did you mean letters\?/],
    [
      "gpioset",
      { ...ownBroker, ...pin({ kind: "gpiod", pin: 17 }) },
      /gpioset is not installed: .*apt-get install gpiod/,
    ],
    [
      "ffmpeg",
      { ...ownBroker, "camera-publisher": { cameras: { desk: { source: "ffmpeg", url: "rtsp://127.0.0.1:9/x" } } } },
      /ffmpeg is not installed: .*apt-get install ffmpeg/,
    ],
    ["users", { broker: { host: "0.0.0.0", port: 0 } }, /would let in everybody.*add broker\.users/],
  ])("%s", async (_, config, message) => {
    const { code, lines } = await withConfig(config, ["up", "--quiet"], { env: { PATH: "/nowhere" } }).end();
    expect(lines.join("\n")).toMatch(message);
    expect({ code, complaints: lines.filter((line) => line.startsWith("beckon: ")).length }).toEqual({
      code: 1,
      complaints: 1,
    });
    expect(lines.filter((line) => /^ {4}at /.test(line))).toEqual([]);
  });

  test.each([
    ["that is not there", undefined, /^beckon: house\.yaml: there is no such file$/],
    ["that is no YAML", "broker: {port: 1\n", /^beckon: house\.yaml:\d+: /],
    ["with a wrong value", "\nbroker:\n  prot: 1883\n", /^beckon: house\.yaml:3.*prot.*port/],
  ])("a configuration %s", async (_, text, message) => {
    const cwd = emptyFolder();
    if (text !== undefined) writeFileSync(join(cwd, "house.yaml"), text);
    const { code, lines } = await beckon(["up", "--config", "house.yaml"], { cwd }).end();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(message);
    expect(code).toBe(1);
  });
});

describe("what can come back is waited for", () => {
  test.each([
    ["a camera device", { source: "ffmpeg", device: "/dev/video-none" }, /\/dev\/video-none is not there; plug it in/],
    ["a folder of pictures", { source: "folder", path: "/nowhere" }, /\/nowhere/],
  ])("%s", async (_, camera, message) => {
    const config = { ...ownBroker, "camera-publisher": { cameras: { desk: camera } } };
    const publisher = withConfig(config, ["up", "--quiet"]);
    const [line] = await publisher.says(/.*desk: .*trying again.*/);
    expect(line).toMatch(message);
    expect(await publisher.stop()).toMatchObject({ code: 0 });
  });

  test("a broker, which is named", async () => {
    const interpreter = withConfig({}, ["interpreter", "--mqtt", NOWHERE]);
    await interpreter.says(/no broker at mqtt:\/\/127\.0\.0\.1:9: connection refused; trying again/);
    expect(await interpreter.stop()).toMatchObject({ code: 0 });
  });
});

withDebian("mosquitto")("two processes under one name", () => {
  test("the second says so and ends, and the first goes on", async () => {
    const broker = await startMosquitto();
    try {
      const words = ["interpreter", "--mqtt", broker.url, "--id", "twin"];
      const first = withConfig({}, words);
      await first.says(/ready/);
      const second = withConfig({}, words);
      const ended = await Promise.race([first.ended, second.ended]);
      expect(ended.code).toBe(1);
      expect(ended.lines.filter((line) => line.startsWith("beckon: "))).toHaveLength(1);
      expect(ended.lines.at(-1)).toMatch(/--id|another|same/);
      const [survivor] = [first, second].filter(
        (process) => process.lines !== ended.lines && !process.output.includes("beckon: "),
      );
      expect(await survivor?.stop()).toMatchObject({ code: 0 });
    } finally {
      await stopAll();
      await broker.stop();
    }
  });
});
