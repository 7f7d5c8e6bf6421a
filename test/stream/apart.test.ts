import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually, startMosquitto, withDebian } from "@beckon/runtime/testing";
import { afterEach, describe, expect, test } from "vitest";
import { beckon, emptyFolder, stopAll, withConfig } from "./beckon-process.ts";
import { onlooker, topics } from "./onlooker.ts";

afterEach(stopAll);

const CAMERA = { "camera-publisher": { cameras: { desk: { source: "synthetic", text: "LA" } } } };
const LAMP = {
  relays: { lamp: { driver: { kind: "simulated" } } },
  rules: [{ when: { gesture: "L" }, relay: "lamp", do: "toggle" }],
};
const MODELS = fileURLToPath(new URL("../../models", import.meta.url));

describe("services as processes of their own on the embedded broker", () => {
  test("see a gesture and switch the lamp; watch tells of it, collect keeps pictures that train accepts, a new bundle is taken in", async () => {
    const broker = withConfig({ broker: { port: 0, websocketPort: null } }, ["broker"]);
    const [, url = ""] = await broker.says(/listens at (mqtt:\/\/127\.0\.0\.1:\d+)/);
    const modelsFolder = emptyFolder();
    const bundle = join(modelsFolder, "letters");
    cpSync(join(MODELS, "letters"), bundle, { recursive: true });
    const mqtt = { url };
    const services = [
      withConfig({ mqtt, relay: LAMP }, ["relay"]),
      withConfig({ mqtt, interpreter: {} }, ["interpreter"]),
      withConfig({ mqtt, classifier: { modelsFolder } }, ["classifier"]),
    ];
    for (const service of services) await service.says(/ready/);
    expect(services.map(({ output }) => /MQTT 3\.1\.1/.test(output))).toEqual([true, true, true]);
    const looking = await onlooker(url);
    const results = await looking.sees(topics.result.matching());
    const states = await looking.sees(topics.relayState.matching());
    services.push(withConfig({ mqtt, ...CAMERA }, ["camera-publisher"]));
    await eventually(() => states.some(({ value }) => value.state === "ON"), { within: 60_000 });

    const watched = await beckon(["watch", "--mqtt", url, "--for", "2s"]).end();
    expect(watched.code).toBe(0);
    expect(watched.lines.join("\n")).toMatch(/desk\s+letters/);

    const samples = emptyFolder();
    const pictures = ["--source", "me", "--every", "100ms", "--count", "12", "--out", samples];
    const kept = await Promise.all(
      ["A", "others"].map((label) => beckon(["collect", "--mqtt", url, "--label", label, ...pictures]).end()),
    );
    expect(kept.map(({ code }) => code)).toEqual([0, 0]);
    expect(readdirSync(join(samples, "me", "A"))).toHaveLength(12);
    // Pictures of a hand that is drawn are near-duplicates of each other.
    const run = ["--epochs", "1", "--steps", "1", "--batch", "2", "--keep-duplicates", "--out", emptyFolder()];
    const trained = await beckon(["train", "--arch", "hand-cnn", "--data", samples, ...run]).end();
    expect(trained, trained.lines.join("\n")).toMatchObject({ code: 0 });

    const card = join(bundle, "model.json");
    writeFileSync(card, readFileSync(card, "utf8").replace(/"version": *"[^"]*"/, '"version": "9.9.9"'));
    const before = results.length;
    await eventually(() => results.at(-1)?.value.version === "9.9.9");
    const since = results.slice(before).map(({ value }) => value.seq);
    expect(since).toEqual([...since].sort((a, b) => a - b));
    for (const service of services.toReversed()) expect(await service.stop()).toMatchObject({ code: 0 });
    expect(states.at(-1)?.value.state).toBe("OFF");
    await looking.close();
    expect(await broker.stop()).toMatchObject({ code: 0 });
  });

  test("a group of classifiers is refused there in one line, for it has no shared subscriptions", async () => {
    const broker = withConfig({ broker: { port: 0, websocketPort: null } }, ["broker"]);
    const [, url = ""] = await broker.says(/listens at (mqtt:\/\/127\.0\.0\.1:\d+)/);
    const { code, lines } = await withConfig({ mqtt: { url }, classifier: { group: "pool" } }, ["classifier"]).end();
    expect(code).toBe(1);
    expect(lines.filter((line) => line.startsWith("beckon: "))).toEqual([expect.stringMatching(/\$share\/pool/)]);
  });
});

withDebian("mosquitto")("two classifiers that share the frames on a broker with MQTT 5", () => {
  test("answer every frame once, and both of them work", async () => {
    const broker = await startMosquitto();
    try {
      const mqtt = { url: broker.url };
      const config = { mqtt, classifier: { group: "pool" } };
      const [one, two] = ["one", "two"].map((id) => withConfig(config, ["classifier", "--id", id]));
      await one?.says(/ready/);
      await two?.says(/ready/);
      expect(one?.output).toMatch(/MQTT 5/);
      const looking = await onlooker(broker.url);
      const frames = await looking.sees(topics.frame.matching());
      const results = await looking.sees(topics.result.matching());
      const camera = withConfig({ mqtt, ...CAMERA }, ["camera-publisher"]);
      await eventually(() => frames.length >= 40);
      expect(await camera.stop()).toMatchObject({ code: 0 });
      const sent = frames.map(({ value }) => value.envelope?.seq);
      await eventually(() => results.length >= sent.length);
      // A frame may be dropped by name where a machine has no time for it; here each camera's slot is free again by then.
      expect(results.map(({ value }) => value.seq).sort((a, b) => a - b)).toEqual(sent);
      const stats = await Promise.all([one, two].map((classifier) => classifier?.stop()));
      expect(stats.map((ending) => ending?.code)).toEqual([0, 0]);
      await looking.close();
    } finally {
      await stopAll();
      await broker.stop();
    }
  });
});
