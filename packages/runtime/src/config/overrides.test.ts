import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Name } from "@beckon/protocol";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ConfigError } from "./config-error.ts";
import { type ConfigSources, loadConfig } from "./load-config.ts";
import { secret } from "./marks.ts";

const camera = {
  kind: "camera-publisher",
  config: z.object({
    maxInFlight: z.number().int().default(3),
    title: z.string().default(""),
    sizes: z.array(z.number()).default([]),
    source: z.union([z.enum(["auto", "off"]), z.object({ url: z.string() })]).default("auto"),
    cameras: z
      .record(Name, z.object({ fps: z.number().default(30), token: secret(z.string()).optional() }))
      .default({}),
  }),
} as const;

const folder = mkdtempSync(join(tmpdir(), "beckon-overrides-"));

function written(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function load(sources: Partial<ConfigSources>, yaml?: string) {
  return loadConfig({
    env: {},
    services: [camera],
    ...sources,
    ...(yaml === undefined ? {} : { file: written("beckon.yaml", yaml) }),
  });
}

function faults(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.lines.map((line) => line.replaceAll(`${folder}/`, ""));
    throw error;
  }
  return [];
}

describe("the environment and flags", () => {
  it("override the file, the flags having the last word", () => {
    const yaml = "prefix: file\nmqtt: { url: mqtt://file }\ncamera-publisher: { maxInFlight: 1, title: file }\n";
    const env = { BECKON_PREFIX: "env", BECKON_MQTT_URL: "mqtt://env", BECKON_CAMERA_PUBLISHER__MAX_IN_FLIGHT: "2" };
    const config = load({ env, flags: [["mqtt.url", "mqtt://flag"]] }, yaml);
    expect(config.shared).toMatchObject({ prefix: "env", mqtt: { url: "mqtt://flag" } });
    expect(config.section(camera)).toMatchObject({ maxInFlight: 2, title: "file" });
  });

  it("make a section of a service one that is wanted", () => {
    expect(load({ env: { BECKON_CAMERA_PUBLISHER__TITLE: "x" } }).kinds).toEqual(new Set(["camera-publisher"]));
  });

  it("read lists and sections as YAML, and leave text as it is", () => {
    const config = load({
      env: { BECKON_CAMERA_PUBLISHER__TITLE: "0123", BECKON_CAMERA_PUBLISHER__SIZES: "[1, 2]" },
      flags: [
        ["camera-publisher.source", "{ url: 'rtsp://cam/' }"],
        ["camera-publisher.cameras.desk.fps", "5"],
      ],
    });
    expect(config.section(camera)).toMatchObject({
      title: "0123",
      sizes: [1, 2],
      source: { url: "rtsp://cam/" },
      cameras: { desk: { fps: 5 } },
    });
  });

  it("find a name that is in the file, and an index of a list", () => {
    const yaml = "camera-publisher:\n  sizes: [1, 2, 3]\n  cameras: { front-door: { fps: 1 } }\n";
    const env = { BECKON_CAMERA_PUBLISHER__CAMERAS__FRONT_DOOR__FPS: "9", BECKON_CAMERA_PUBLISHER__SIZES__1: "7" };
    expect(load({ env }, yaml).section(camera)).toMatchObject({
      sizes: [1, 7, 3],
      cameras: { "front-door": { fps: 9 } },
    });
  });

  it("leave alone what Kubernetes sets for services of that name", () => {
    const env = { BECKON_MQTT_PORT: "tcp://10.0.0.1:1883", BECKON_BROKER_SERVICE_HOST: "10.0.0.1", BECKON_HOME: "/x" };
    expect(faults(() => load({ env }))).toEqual([]);
  });

  it("read secrets from files", () => {
    const config = load({
      env: {
        BECKON_MQTT_PASSWORD_FILE: written("mqtt", "hush\n"),
        BECKON_CAMERA_PUBLISHER__CAMERAS__DESK__TOKEN_FILE: written("token", "hush hush\n"),
      },
    });
    expect(config.shared.mqtt.password).toBe("hush");
    expect(config.section(camera).cameras["desk"]?.token).toBe("hush hush");
  });

  it("read certificates, and the password that the file names", () => {
    const files = `passwordFile: ${written("p", "hush\nmore")}\n  ca: ${written("ca.pem", "CA")}`;
    const yaml = `mqtt:\n  url: mqtts://broker\n  ${files}\n`;
    expect(load({}, yaml).shared.mqtt).toEqual({
      url: "mqtts://broker",
      password: "hush",
      tls: { ca: Buffer.from("CA") },
    });
  });

  it.each<[name: string, sources: Partial<ConfigSources>, line: string]>([
    [
      "a wrong value of a variable",
      { env: { BECKON_CAMERA_PUBLISHER__MAX_IN_FLIGHT: "many" } },
      'BECKON_CAMERA_PUBLISHER__MAX_IN_FLIGHT: camera-publisher.maxInFlight is "many", but must be a whole number',
    ],
    [
      "a wrong value of a flag",
      { flags: [["camera-publisher.maxInFlight", "1.5"]] },
      "--set camera-publisher.maxInFlight: camera-publisher.maxInFlight is 1.5, but must be a whole number",
    ],
    [
      "a flag by the name it was given",
      { flags: [["mqtt.url", "broker", "--broker"]] },
      '--broker: mqtt.url is "broker", but must be a URL such as mqtt://127.0.0.1:1883, mqtts://host:8883 or ws://host:9001',
    ],
    [
      "a variable of no key",
      { env: { BECKON_CAMERA_PUBLISHER__MAX_INFLIGTH: "1" } },
      "BECKON_CAMERA_PUBLISHER__MAX_INFLIGTH: camera-publisher has no max-infligth; did you mean maxInFlight?",
    ],
    [
      "a variable of no section",
      { env: { BECKON_CAMERA_PUBLISH__TITLE: "1" } },
      "BECKON_CAMERA_PUBLISH__TITLE: beckon.yaml has no camera-publish; did you mean camera-publisher?",
    ],
    [
      "a flag that goes into a value",
      { flags: [["camera-publisher.title.size", "1"]] },
      "--set camera-publisher.title.size: camera-publisher.title holds a value, not keys such as size",
    ],
    [
      "a name that is none",
      { flags: [["camera-publisher.cameras.__proto__.fps", "1"]] },
      "--set camera-publisher.cameras.__proto__.fps: camera-publisher.cameras.__proto__ is no setting",
    ],
    [
      "a file that is not there",
      { env: { BECKON_MQTT_PASSWORD_FILE: "/nowhere/password" } },
      "BECKON_MQTT_PASSWORD_FILE: mqtt.passwordFile: cannot read /nowhere/password: there is no such file",
    ],
    [
      "a certificate without its key",
      {
        flags: [
          ["mqtt.url", "mqtts://broker"],
          ["mqtt.cert", written("c.pem", "C")],
        ],
      },
      "--set mqtt.cert: mqtt.cert and mqtt.key belong together: one is missing",
    ],
    [
      "a certificate where nothing is encrypted",
      { flags: [["mqtt.ca", written("c.pem", "C")]] },
      "--set mqtt.ca: mqtt.ca is of no use without encryption: write mqtts:// or wss:// in mqtt.url",
    ],
    [
      "a configuration that is not there",
      { file: "/nowhere/beckon.yaml" },
      "/nowhere/beckon.yaml: there is no such file",
    ],
  ])("say of %s where it came from", (_name, sources, line) => {
    expect(faults(() => load(sources))).toEqual([line]);
  });

  it("do not touch what all objects share", () => {
    faults(() => load({ flags: [["camera-publisher.cameras.__proto__.fps", "1"]] }));
    expect(({} as Record<string, unknown>)["fps"]).toBeUndefined();
  });
});

describe("a hostile file", () => {
  it.each<[name: string, yaml: string, line: RegExp]>([
    ["is too large", `x: ${"a".repeat(1_000_001)}`, /^beckon\.yaml: has 1000004 bytes where 1000000 are allowed$/],
    ["is nested without end", "[".repeat(400_000), /^beckon\.yaml/],
    [
      "multiplies itself",
      `a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [${"*a,".repeat(30)}]\nc: &c [${"*b,".repeat(30)}]\nd: [${"*c,".repeat(30)}]\n`,
      /^beckon\.yaml: .*alias/i,
    ],
    ["is no YAML", "mqtt:\n  url: [\n", /^beckon\.yaml:3: /],
    ["is binary", "\u0000\u0001\u0002", /^beckon\.yaml/],
  ])("is refused in lines when it %s", (_name, yaml, line) => {
    const lines = faults(() => load({}, yaml));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines[0]).toMatch(line);
    for (const said of lines) expect(said).not.toContain("\n");
  });
});
