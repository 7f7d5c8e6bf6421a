import { mkdtempSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { Name, Roi } from "@beckon/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { stateFolder } from "../folders.ts";
import { ConfigError } from "./config-error.ts";
import { type ConfigSources, loadConfig } from "./load-config.ts";
import { changeable, secret } from "./marks.ts";

const classifier = {
  kind: "classifier",
  config: z.object({
    maxAge: changeable(z.number().min(0).max(60_000)).default(1000),
    threads: z.number().int().min(1).default(2),
    engine: z.enum(["auto", "onnx", "tfjs"]).default("auto"),
    models: z.array(Name).default(["letters"]),
    cameras: z
      .record(Name, z.object({ roi: changeable(Roi).optional(), fps: z.number().positive().optional() }))
      .default({}),
  }),
} as const;

const relay = {
  kind: "relay",
  config: z.object({
    relays: z.record(
      Name,
      z.discriminatedUnion("driver", [
        z.object({ driver: z.literal("onoff"), pin: z.number().int() }),
        z.object({ driver: z.literal("webhook"), url: z.url(), token: secret(z.string().min(8)).optional() }),
      ]),
    ),
  }),
} as const;

const services = [classifier, relay];
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "beckon-config-"));
});

function load(yaml: string, sources: Partial<ConfigSources> = {}) {
  const file = join(folder, "beckon.yaml");
  writeFileSync(file, yaml);
  return loadConfig({ file, env: {}, services, ...sources });
}

/** The faults, with the temporary folder left out. */
function faults(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.lines.map((line) => line.replaceAll(`${folder}/`, ""));
    throw error;
  }
  return [];
}

describe("loadConfig", () => {
  it("has defaults for everything when there is no file", () => {
    const config = loadConfig({ env: {}, services });
    expect(config.shared).toEqual({
      prefix: "beckon",
      mqtt: { url: "mqtt://127.0.0.1:1883" },
      log: { level: "info", format: "auto" },
      monitoring: { prometheus: false, host: "127.0.0.1", port: 9464 },
    });
    expect(config.kinds).toEqual(new Set());
    expect(config.section(classifier).maxAge).toBe(1000);
  });

  it("knows where what /set changed is kept, if anywhere", () => {
    const kept = (yaml: string) => load(yaml).shared.keepSettings;
    expect(kept("keepSettings: false\n")).toBeUndefined();
    expect(kept("keepSettings: true\n")).toBe(stateFolder("settings"));
    expect(kept("keepSettings: /var/lib/beckon\n")).toBe("/var/lib/beckon");
    expect(kept("keepSettings: ~/beckon\n")).toBe(join(homedir(), "beckon"));
    expect(loadConfig({ env: { BECKON_KEEP_SETTINGS: "true" }, services }).shared.keepSettings).toBeDefined();
    expect(faults(() => load("keepSettings: 5\n"))).toEqual([
      "beckon.yaml:1: keepSettings is 5, but must be true or false or text that is not empty",
    ]);
  });

  it("reads what the file says, and which services it has", () => {
    const config = load("prefix: home\nclassifier:\n  cameras:\n    desk: { fps: 10 }\nrelay:\n  relays: {}\n");
    expect(config.shared.prefix).toBe("home");
    expect(config.kinds).toEqual(new Set(["classifier", "relay"]));
    expect(config.section(classifier)).toMatchObject({ cameras: { desk: { fps: 10 } }, engine: "auto" });
  });

  it("takes a section with nothing in it for one of defaults", () => {
    const config = load("classifier:\nmqtt:\n");
    expect(config.kinds).toEqual(new Set(["classifier"]));
    expect(config.section(classifier).threads).toBe(2);
  });

  it("asks for a section that must be written only when that service is wanted", () => {
    const config = load("classifier: {}\n");
    expect(faults(() => config.section(relay))).toEqual([
      "beckon.yaml: relay.relays is missing: it must be a section of names, each of it a section of driver, pin, url and token",
    ]);
  });

  it("leaves the section of a service that was not given alone", () => {
    expect(faults(() => load("dashboard: { anything: 1 }\n"))).toEqual([]);
  });

  it("reads what Prometheus may ask for, of which the file may leave all out", () => {
    expect(load("monitoring: { prometheus: true }\n").shared.monitoring).toEqual({
      prometheus: true,
      host: "127.0.0.1",
      port: 9464,
    });
    const env = { BECKON_MONITORING_PROMETHEUS: "true", BECKON_MONITORING_PORT: "9500" };
    expect(loadConfig({ env, services }).shared.monitoring).toMatchObject({ prometheus: true, port: 9500 });
  });

  it.each<[name: string, yaml: string, ...lines: string[]]>([
    [
      "a port that is none",
      "monitoring:\n  port: 70000\n",
      "beckon.yaml:2: monitoring.port is 70000, but must be a whole number from 0 to 65535",
    ],
    [
      "a wrong type",
      "classifier:\n  maxAge: soon\n",
      'beckon.yaml:2: classifier.maxAge is "soon", but must be a number from 0 to 60000',
    ],
    [
      "a number out of range",
      "classifier:\n  threads: 0\n",
      "beckon.yaml:2: classifier.threads is 0, but must be a whole number from 1",
    ],
    [
      "a part of a number where a whole one is asked for",
      "classifier:\n  threads: 1.5\n",
      "beckon.yaml:2: classifier.threads is 1.5, but must be a whole number from 1",
    ],
    [
      "a word that is none of the choice",
      "classifier:\n  engine: onxx\n",
      'beckon.yaml:2: classifier.engine is "onxx", but must be auto, onnx or tfjs; did you mean onnx?',
    ],
    [
      "an unknown key, with the nearest",
      "classifier:\n  maxage: 5\n",
      "beckon.yaml:2: classifier.maxage is no setting; did you mean maxAge?",
    ],
    [
      "an unknown key that is near none",
      "classifier:\n  elephants: 5\n",
      "beckon.yaml:2: classifier.elephants is no setting; there are maxAge, threads, engine, models and cameras",
    ],
    [
      "an unknown key deep in a section of names",
      "classifier:\n  cameras:\n    desk:\n      fsp: 5\n",
      "beckon.yaml:4: classifier.cameras.desk.fsp is no setting; did you mean fps?",
    ],
    [
      "an unknown section",
      "classifer:\n  maxAge: 5\n",
      "beckon.yaml:1: classifer is no section; did you mean classifier?",
    ],
    [
      "a name that is none",
      "classifier:\n  cameras:\n    Desk: { fps: 1 }\n",
      'beckon.yaml:3: classifier.cameras.Desk: the name "Desk", but must be 1 to 32 of a-z, 0-9 and -, and begin with a letter or digit',
    ],
    [
      "a name that topics use",
      "classifier:\n  models: [letters, state]\n",
      'beckon.yaml:2: classifier.models[1] is "state": is a word that topics use themselves',
    ],
    [
      "a region outside the frame",
      "classifier:\n  cameras:\n    desk:\n      roi: [0.5, 0.5, 0.9, 0.2]\n",
      "beckon.yaml:4: classifier.cameras.desk.roi is [0.5,0.5,0.9,0.2], but must lie inside the frame",
    ],
    [
      "a value of a list",
      "classifier:\n  cameras:\n    desk:\n      roi:\n        - 0\n        - 0\n        - wide\n        - 1\n",
      'beckon.yaml:7: classifier.cameras.desk.roi[2] is "wide", but must be a number above 0 to 1',
    ],
    [
      "a section where a value belongs",
      "classifier:\n  maxAge: { ms: 5 }\n",
      "beckon.yaml:2: classifier.maxAge is a section, but must be a number from 0 to 60000",
    ],
    [
      "an unknown kind of a choice of sections",
      "relay:\n  relays:\n    lamp:\n      driver: onof\n",
      'beckon.yaml:4: relay.relays.lamp.driver is "onof", but must be onoff or webhook; did you mean onoff?',
    ],
    [
      "what is missing in a choice of sections",
      "relay:\n  relays:\n    lamp:\n      driver: onoff\n",
      "beckon.yaml:3: relay.relays.lamp.pin is missing: it must be a whole number",
    ],
    [
      "an unknown key in a choice of sections",
      "relay:\n  relays:\n    lamp: { driver: onoff, pin: 4, url: x }\n",
      "beckon.yaml:3: relay.relays.lamp.url is no setting; there are driver and pin",
    ],
    [
      "a secret that does not fit, without showing it",
      "relay:\n  relays:\n    lamp: { driver: webhook, url: 'http://plug/', token: hushhus }\n",
      "beckon.yaml:3: relay.relays.lamp.token holds a secret that does not fit, but must be text of 8 characters or more",
    ],
    [
      "a broker's URL, without its password",
      "mqtt:\n  url: http://user:hush@broker/\n",
      'beckon.yaml:2: mqtt.url is "http://broker/", but must be a URL such as mqtt://127.0.0.1:1883, mqtts://host:8883 or ws://host:9001',
    ],
    [
      "a prefix with a wildcard",
      "prefix: a/+\n",
      'beckon.yaml:1: prefix is "a/+", but must be without + # $, white space and empty levels',
    ],
    [
      "every fault at once, in the order of the file",
      "classifier:\n  maxAge: -1\n  thread: 2\nlog:\n  level: loud\n",
      "beckon.yaml:2: classifier.maxAge is -1, but must be a number from 0 to 60000",
      "beckon.yaml:3: classifier.thread is no setting; did you mean threads?",
      'beckon.yaml:5: log.level is "loud", but must be trace, debug, info, warn, error, fatal or silent',
    ],
    [
      "a file that is no list of sections",
      "- a\n",
      "beckon.yaml: must be a list of sections such as mqtt: and classifier:",
    ],
    ["a key twice", "classifier: {}\nclassifier: {}\n", "beckon.yaml:2: Map keys must be unique"],
  ])("names %s", (_name, yaml, ...lines) => {
    expect(faults(() => load(yaml))).toEqual(lines);
  });
});
