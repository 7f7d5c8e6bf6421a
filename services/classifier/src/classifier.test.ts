import { appendFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { Writable } from "node:stream";
import type { Settings } from "@beckon/protocol";
import {
  type Bus,
  createLogger,
  createMemoryBus,
  MemoryHub,
  runService,
  Stats,
  SubscriptionRefused,
} from "@beckon/runtime";
import { drawScene } from "@beckon/synthetic";
import { defaultRoi, encodeJpeg } from "@beckon/vision";
import { BLUE, GREEN, GREY, plainJpeg, RED, saveColourBundle } from "@beckon/vision/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { ClassifierConfig, classifier } from "./index.ts";
import { account, camera, startClassifier, temporaryFolder, topics } from "./testing/running-classifier.ts";

/** As in the unreliable thread, which cannot be imported outside of a thread. */
const DEADLY = 0.0625;
const ENDLESS = 0.125;

const COLOURS = { red: RED, green: GREEN, blue: BLUE } as const;

async function running(
  section: Parameters<typeof startClassifier>[0] = {},
  hands = {},
  hub = new MemoryHub(),
  bus: Partial<Bus> = {},
) {
  const modelsFolder = await temporaryFolder(onTestFinished);
  await saveColourBundle(modelsFolder);
  const service = startClassifier(
    { models: ["colours"], modelsFolder, workers: 1, engine: "onnx-cpu", ...section },
    hands,
    hub,
    bus,
  );
  onTestFinished(() => service.stop());
  await Promise.race([service.ready, service.ended]);
  return { ...service, modelsFolder };
}

describe("the classifier", () => {
  it("answers a frame with what the model sees, and where the time went", async () => {
    const { send, until, results } = await running();
    const desk = camera();
    await send("desk", desk.frame(await plainJpeg(GREEN), { roi: [0.25, 0.25, 0.5, 0.5] }));
    await until(() => results.length > 0, "a result");
    const [result] = results;
    expect(result).toMatchObject({
      camera: "desk",
      model: "colours",
      version: "1.0.0",
      boot: desk.boot,
      seq: 0,
      label: "green",
      engine: "onnx-cpu",
      roi: [0.25, 0.25, 0.5, 0.5],
    });
    expect(result?.top.map(({ label }) => label)).toHaveLength(3);
    expect(Object.keys(result?.ms ?? {})).toEqual(["receive", "queue", "decode", "infer", "total"]);
    const { total = 0, ...stages } = result?.ms ?? {};
    expect(total).toBeGreaterThanOrEqual(Object.values(stages).reduce((sum, ms) => sum + ms, 0) - 0.01);
    expect(result).not.toHaveProperty("foreign");
  });

  it("looks only at the region of interest: the frame's, else the configured one, else the middle", async () => {
    const { send, until, results } = await running({ rois: { hall: [0, 0, 0.25, 0.25] } });
    const desk = camera();
    // 40 x 30 with a red left half.
    const halves = await halfRedHalfBlue();
    await send("desk", desk.frame(halves, { roi: [0.75, 0, 0.25, 1] }));
    await until(() => results.length === 1, "a result");
    await send("hall", { jpeg: halves });
    await until(() => results.length === 2, "a result");
    await send("door", { jpeg: halves });
    await until(() => results.length === 3, "a result");
    expect(results.map(({ label }) => label).slice(0, 2)).toEqual(["blue", "red"]);
    expect(results[1]?.roi).toEqual([0, 0, 0.25, 0.25]);
    expect(results[2]?.roi).toEqual([0.275, 0.2, 0.45, 0.6].map((value) => expect.closeTo(value, 6)));
  });

  it("numbers the frames of a camera that does not, and says so", async () => {
    const { send, until, results } = await running();
    for (const count of [1, 2]) {
      await send("esp", { jpeg: await plainJpeg(RED) });
      await until(() => results.length === count, "a result");
    }
    expect(results.map(({ seq, foreign, label }) => ({ seq, foreign, label }))).toEqual([
      { seq: 0, foreign: true, label: "red" },
      { seq: 1, foreign: true, label: "red" },
    ]);
    expect(new Set(results.map(({ boot }) => boot)).size).toBe(1);
  });

  it("answers unknown below the card's threshold, and below that of the configuration, which may change", async () => {
    const { send, until, results, change } = await running();
    const desk = camera();
    const ask = async (colour: readonly [number, number, number]) => {
      const count = results.length;
      await send("desk", desk.frame(await plainJpeg(colour)));
      await until(() => results.length > count, "a result");
      return results.at(-1)?.label;
    };
    expect(await ask(GREY)).toBe("unknown");
    expect(await ask(RED)).toBe("red");
    await change({ thresholds: { colours: { classes: { red: 1 } } } });
    expect(await ask(RED)).toBe("unknown");
    expect(await ask(BLUE)).toBe("blue");
    await change({ thresholds: { colours: { default: 0, classes: { red: null } } } });
    expect(await ask(GREY)).not.toBe("unknown");
    await expect(change({ thresholds: { colours: { classes: { gren: 0.5 } } } })).rejects.toThrow(
      'classifier.thresholds.colours.classes: the model has no class "gren"; did you mean green?',
    );
    expect(await ask(GREY)).not.toBe("unknown");
  });

  it("cuts a camera's region from the picture as it comes, and turns it left to right where it is told to", async () => {
    const { send, until, results, change } = await running({ rois: { desk: [0, 0, 0.5, 1] } });
    for (const mirror of [false, true]) {
      await change({ mirror: { desk: mirror } });
      const count = results.length;
      await send("desk", { jpeg: await halfRedHalfBlue() });
      await until(() => results.length > count, "a result");
    }
    expect(results.map(({ label }) => label)).toEqual(["red", "red"]);
  });

  it("asks several models about one frame", async () => {
    const { send, until, results } = await running({
      models: { colours: {}, paint: { folder: "colours", threads: 2 } },
    });
    await send("desk", camera().frame(await plainJpeg(BLUE)));
    await until(() => results.length === 2, "two results");
    expect(results.map(({ model, label }) => [model, label])).toEqual([
      ["colours", "blue"],
      ["paint", "blue"],
    ]);
  });

  it("reads letters of the drawn hand with the model that ships", async () => {
    const { send, until, results } = await running({ models: ["letters"] });
    const size = { width: 640, height: 480 };
    for (const sign of ["L", "Y", "none"]) {
      const count = results.length;
      const scene = drawScene({ sign, ...size, roi: defaultRoi(size.width, size.height) });
      await send("desk", { jpeg: await encodeJpeg(scene, 80) });
      await until(() => results.length > count, "a result");
    }
    expect(results.map(({ label }) => label)).toEqual(["L", "Y", "nothing"]);
  });

  it("listens only to the cameras it is told to", async () => {
    const { send, until, results, figures } = await running({ cameras: ["desk"] });
    await send("hall", { jpeg: await plainJpeg(RED) });
    await send("desk", { jpeg: await plainJpeg(RED) });
    await until(() => results.length === 1, "a result");
    expect(results[0]?.camera).toBe("desk");
    expect(figures("colours").counters["received"]).toBe(1);
  });
});

describe("what cannot be served", () => {
  it("is a bundle that is not there: the message names those that are, and the nearest", async () => {
    const service = startClassifier({ models: ["leters"] });
    await expect(service.ended).rejects.toThrow(
      /^classifier\.models: no bundle "leters" in \/.*models: there are fingers, hand, letters; did you mean letters\?$/,
    );
  });

  it("is an engine that cannot be had", async () => {
    const modelsFolder = await temporaryFolder(onTestFinished);
    await saveColourBundle(modelsFolder);
    const service = startClassifier({ models: ["colours"], modelsFolder, workers: 1, engine: "tfjs-wasm" });
    await expect(service.ended).rejects.toThrow(/^engine tfjs: .*colours has no tfjs\/ folder$/);
  });

  it("is a bundle whose class names cannot travel", async () => {
    const modelsFolder = await temporaryFolder(onTestFinished);
    await saveColourBundle(modelsFolder, { labels: ["red", "green", "b".repeat(65)] });
    const service = startClassifier({ models: ["colours"], modelsFolder, workers: 1 });
    await expect(service.ended).rejects.toThrow(/labels\.txt: "b+" cannot be published; name it in at most 64/);
  });
});

describe("a bus that fails", () => {
  it("ends the service when it may not subscribe", async () => {
    const modelsFolder = await temporaryFolder(onTestFinished);
    await saveColourBundle(modelsFolder);
    const refusing: Bus["subscribe"] = (filter, { signal }) => {
      const ended = new Promise<IteratorReturnResult<undefined>>((resolve) => {
        signal.addEventListener("abort", () => resolve({ value: undefined, done: true }));
      });
      const granted = Promise.reject(new SubscriptionRefused(filter.filters.join(", ")));
      return { granted, [Symbol.asyncIterator]: () => ({ next: () => ended }) };
    };
    const section = { models: ["colours"], modelsFolder, workers: 1, group: "gpu" };
    const service = startClassifier(section, {}, new MemoryHub(), { subscribe: refusing });
    await expect(service.ended).rejects.toThrow(
      "classifier: the broker refuses a subscription to $share/gpu/beckon/+/frame",
    );
  });

  it("costs the frame whose result it does not take", async () => {
    const { send, until, figures } = await running({}, {}, new MemoryHub(), { publish: async () => false });
    await send("desk", { jpeg: await plainJpeg(RED) });
    await until(() => figures("colours").drops["unsent"] === 1, "the loss");
    expect(account(figures("colours"))).toEqual({ received: 1, accounted: 1, inHand: 0 });
  });
});

describe("a frame that is not of now", () => {
  it("is counted by its reason, and none is answered", async () => {
    const { send, until, results, figures } = await running();
    const desk = camera();
    const jpeg = await plainJpeg(RED);
    const older = camera(Date.now() - 1_000_000);
    await send("desk", desk.frame(jpeg, { seq: 10 }));
    await until(() => results.length === 1, "a result");
    await send("desk", desk.frame(jpeg, { seq: 10 }));
    await send("desk", desk.frame(jpeg, { seq: 9 }));
    await send("desk", older.frame(jpeg));
    await send("desk", desk.frame(jpeg, { seq: 11, at: Date.now() - 5000 }));
    await send("desk", desk.frame(jpeg, { seq: 12, at: Date.now() + 5000 }));
    await send("desk", desk.frame(jpeg, { seq: 15 }));
    await until(() => results.length === 2, "a result");
    const { drops, counters, gauges } = figures("colours");
    expect(drops).toEqual({ duplicate: 1, "out-of-order": 1, "older-boot": 1, stale: 1, clock: 1 });
    expect(counters).toEqual({ received: 7, results: 2, gap: 2 });
    expect(gauges).toEqual({ inHand: 0 });
  });

  it("is one that the broker kept", async () => {
    const hub = new MemoryHub();
    const jpeg = await plainJpeg(RED);
    const broker = createMemoryBus(hub, new Stats());
    await broker.publish({ ...topics.frame({ camera: "frigate" }), retain: true }, { jpeg });
    const { results, until, figures, send } = await running({}, {}, hub);
    await send("frigate", { jpeg });
    await until(() => results.length === 1, "a result");
    expect(figures("colours").drops).toEqual({ retained: 1 });
  });
});

describe("a bundle that changes on the disk", () => {
  const swapped = { labels: ["rouge", "vert", "bleu"] };

  it("is swapped in while frames go on, and none is lost", async () => {
    const service = await running({}, { watchEvery: 20 });
    const { send, until, results, modelsFolder, figures } = service;
    const desk = camera();
    const jpeg = await plainJpeg(RED);
    await send("desk", desk.frame(jpeg));
    await until(() => results.length === 1, "a result");
    await saveColourBundle(modelsFolder, swapped);
    // In a closed loop, so that nothing can be superseded: each frame waits for the result of the last.
    while (results.at(-1)?.label !== "rouge") {
      const count = results.length;
      await send("desk", desk.frame(jpeg));
      await until(() => results.length > count, "the next result");
    }
    expect(results.map(({ seq }) => seq)).toEqual(results.map((_, index) => index));
    expect(new Set(results.map(({ label }) => label))).toEqual(new Set(["red", "rouge"]));
    expect(figures("colours")).toMatchObject({ drops: {}, counters: { received: results.length } });
  });

  it("stays as it was when it is broken, with one warning", async () => {
    const { send, until, results, modelsFolder, log } = await running({}, { watchEvery: 20 });
    const other = await temporaryFolder(onTestFinished);
    const broken = await saveColourBundle(other, { labels: ["red", "green", "blue", "black"] });
    await rename(join(modelsFolder, "colours"), join(modelsFolder, "before"));
    await rename(broken, join(modelsFolder, "colours"));
    await until(() => log.some((line) => line.includes("warn")), "a warning");
    await new Promise((resolve) => setTimeout(resolve, 200));
    const warnings = log.filter((line) => line.startsWith("warn"));
    expect(warnings).toEqual([
      expect.stringMatching(
        /^warn colours: .*gives 3 classes, labels\.txt names 4; the model that was loaded before goes on$/,
      ),
    ]);
    await send("desk", camera().frame(await plainJpeg(BLUE)));
    await until(() => results.length === 1, "a result");
    expect(results[0]?.label).toBe("blue");
  });
});

describe("other models by /set", () => {
  it("take the place of the old ones once they are warm, by their names alone", async () => {
    const { send, until, results, change, modelsFolder, figures, stats } = await running();
    const other = await temporaryFolder(onTestFinished);
    await rename(await saveColourBundle(other, { labels: ["eins", "zwei", "drei"] }), join(modelsFolder, "second"));
    const desk = camera();
    await change({ models: { colours: { folder: "second" }, letters: {} } });
    await send("desk", desk.frame(await plainJpeg(RED)));
    await until(() => results.length === 2, "two results");
    expect(results.map(({ model }) => model)).toEqual(["colours", "letters"]);
    expect(results[0]?.label).toBe("eins");
    expect(stats.takeAll().facts["models"]).toMatch(/^colours 1\.0\.0 on onnx-cpu, letters 1\.0\.0 on onnx-cpu$/);
    await change({ models: ["letters"] });
    await send("desk", desk.frame(await plainJpeg(RED)));
    await until(() => results.length === 3, "a result");
    expect(figures("colours").counters).toEqual({ received: 1, results: 1 });
  });

  it("may have been taught after the start, into a folder that was not there", async () => {
    const modelsFolder = join(await temporaryFolder(onTestFinished), "taught");
    const { send, until, results, change } = await running({ models: ["letters"], modelsFolder });
    await expect(change({ models: { letters: {}, taught: { folder: "taught-2" } } })).rejects.toThrow("taught-2");
    await rename(await saveColourBundle(modelsFolder), join(modelsFolder, "taught-2"));
    await change({ models: { letters: {}, taught: { folder: "taught-2" } } });
    await send("desk", camera().frame(await plainJpeg(GREEN)));
    await until(() => results.length === 2, "two results");
    expect(results.find(({ model }) => model === "taught")?.label).toBe("green");
  });

  it("change nothing when one is not there", async () => {
    const { send, until, results, change } = await running();
    await expect(change({ models: ["colors"] })).rejects.toThrow("did you mean colours?");
    await send("desk", camera().frame(await plainJpeg(RED)));
    await until(() => results.length === 1, "a result");
    expect(results[0]?.model).toBe("colours");
  });

  it("are never a path", async () => {
    const { change } = await running();
    for (const name of ["../secret", "/etc", "http://example.org/model", ".", "a/b"]) {
      await expect(change({ models: [name] })).rejects.toThrow();
      await expect(change({ models: { colours: { folder: name } } })).rejects.toThrow();
    }
  });
});

describe("a model that /set named in an earlier run", () => {
  /** A life of the service with settings that are kept; the bundles may change between two. */
  async function life(folder: string, patch?: Settings): Promise<{ models: string; log: readonly string[] }> {
    const hub = new MemoryHub();
    const stop = new AbortController();
    const log: string[] = [];
    const destination = new Writable({
      write: (chunk, _, done) => {
        log.push(String(JSON.parse(String(chunk)).msg));
        done();
      },
    });
    const id = { kind: "classifier", id: "test" };
    const watcher = createMemoryBus(hub, new Stats());
    let shown = "";
    void (async () => {
      for await (const { value } of watcher.subscribe(topics.serviceConfig(id), { signal: stop.signal }))
        shown = JSON.stringify(value["models"]);
    })();
    const ended = runService(classifier, {
      config: ClassifierConfig.parse({ modelsFolder: join(folder, "models"), engine: "onnx-cpu", workers: 1 }),
      shared: { prefix: "beckon", mqtt: { url: "mqtt://nowhere" }, keepSettings: join(folder, "settings") },
      log: createLogger({ service: "test", level: "info", format: "json", destination }),
      ...{ id: "test", signal: stop.signal },
      openBus: ({ stats }) => createMemoryBus(hub, stats),
    });
    const has = (line: string) => expect.poll(() => log, { timeout: 60_000 }).toContainEqual(line);
    await Promise.race([has("ready"), ended]);
    if (patch) {
      await watcher.publish(topics.serviceSet(id), patch);
      await has(`settings changed: ${Object.keys(patch).join(", ")}`);
    }
    const models = shown;
    stop.abort();
    await ended;
    return { models, log };
  }

  it("is served again, unless it is gone or damaged: then the file's are", async () => {
    const folder = await temporaryFolder(onTestFinished);
    await rename(await saveColourBundle(join(folder, "models")), join(folder, "models", "taught-2"));
    const patch = { models: { taught: { folder: "taught-2" } } };
    await life(folder, patch);
    expect((await life(folder)).models).toBe('{"taught":{"folder":"taught-2","threads":1}}');
    await rename(join(folder, "models", "taught-2"), join(folder, "models", "gone"));
    const { models, log } = await life(folder);
    expect(models).toBe('["letters"]');
    expect(log.filter((line) => line.includes("earlier run"))).toEqual([
      expect.stringMatching(/^models from an earlier run is dropped: classifier.models: no bundle "taught-2" in /),
    ]);

    await rename(join(folder, "models", "gone"), join(folder, "models", "taught-2"));
    await life(folder, patch);
    await appendFile(join(folder, "models", "taught-2", "model.onnx"), "!");
    expect((await life(folder)).log).toContainEqual(
      expect.stringMatching(/^models from an earlier run is dropped: .*taught-2/),
    );
  });
});

describe("bad pictures", () => {
  it("are counted by reason and warned of once a second, and the stream goes on", async () => {
    const { send, until, results, figures, log } = await running();
    const desk = camera();
    const jpeg = await plainJpeg(RED);
    await send("desk", { jpeg: new TextEncoder().encode("<svg xmlns='http://www.w3.org/2000/svg'/>") });
    await send("desk", { jpeg: new Uint8Array(0) });
    await send("desk", { jpeg: new Uint8Array(2_100_000).fill(0xff) });
    for (const bad of [jpeg.slice(0, -4), withSize(jpeg, 20_000, 20_000)]) {
      const { received } = account(figures("colours"));
      await send("desk", desk.frame(bad));
      await until(() => account(figures("colours")).received > received, "the arrival");
      await until(() => account(figures("colours")).inHand === 0, "the refusal");
    }
    await send("desk", desk.frame(jpeg));
    await until(() => results.length === 1, "a result");
    const books = figures("colours");
    expect(books.drops).toEqual({ "bad-image": 3, "too-large": 2 });
    expect(account(books)).toEqual({ received: 6, accounted: 6, inHand: 0 });
    expect(log.filter((line) => line.startsWith("warn"))).toHaveLength(2);
    expect(results[0]?.label).toBe("red");
  });
});

describe("the books of each model", () => {
  it("balance whenever they are looked at, whatever the stream brings", async () => {
    const entry = new URL("./testing/unreliable-thread-entry.ts", import.meta.url);
    const service = await running(
      { models: { colours: {}, paint: { folder: "colours" } }, workers: 2, maxAge: 200, timeout: 300 },
      { entry },
    );
    const { send, until, figures, change } = service;
    const looks: ReturnType<typeof account>[] = [];
    const look = () => looks.push(account(figures("colours")), account(figures("paint")));
    const jpegs = await Promise.all(Object.values(COLOURS).map((colour) => plainJpeg(colour)));
    const cameras = ["desk", "hall", "door"].map((name) => ({ name, ...camera() }));
    const random = seeded(7);
    for (let sent = 0; sent < 600; sent++) {
      const { name, frame } = cameras[Math.floor(random() * 3)] ?? cameras[0]!;
      const jpeg = jpegs[sent % 3]!;
      const kind = random();
      if (kind < 0.1) await send(name, { jpeg: jpeg.slice(0, 5) });
      else if (kind < 0.2) await send(name, frame(jpeg.slice(0, -4)));
      else if (kind < 0.3) await send(name, frame(jpeg, { seq: Math.floor(random() * 50) }));
      else if (kind < 0.35) await send(name, frame(jpeg, { at: Date.now() - 10_000 }));
      else if (kind < 0.4) await send(name, { jpeg });
      else if (kind < 0.41) await send(name, frame(jpeg, { roi: [0, 0, 0.5, DEADLY] }));
      else if (kind < 0.415) await send(name, frame(jpeg, { roi: [0, 0, 0.5, ENDLESS] }));
      else await send(name, frame(jpeg));
      look();
      if (sent === 300) await change({ models: ["colours"] });
      if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, random() * 10));
    }
    await until(() => account(figures("colours")).inHand + account(figures("paint")).inHand === 0, "all frames to end");
    look();
    for (const { received, accounted, inHand } of looks) {
      expect(accounted).toBe(received);
      expect(inHand).toBeGreaterThanOrEqual(0);
      // Three cameras with one frame waiting each, two threads with one frame each.
      expect(inHand).toBeLessThanOrEqual(3 + 1 + 2 * 2);
    }
    const { drops, counters } = figures("colours");
    for (const reason of ["bad-image", "duplicate", "superseded", "crashed"])
      expect(drops[reason] ?? 0, reason).toBeGreaterThan(0);
    expect(counters["results"]).toBe(service.results.filter(({ model }) => model === "colours").length);
    expect(counters["results"]).toBeGreaterThan(50);
  });
});

async function halfRedHalfBlue(): Promise<Uint8Array> {
  const width = 40;
  const height = 30;
  const data = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) data.set(pixel % width < width / 2 ? RED : BLUE, pixel * 3);
  return encodeJpeg({ width, height, data });
}

/** The same JPEG that claims another size. */
function withSize(jpeg: Uint8Array, width: number, height: number): Uint8Array {
  const changed = Uint8Array.from(jpeg);
  const frame = Buffer.from(changed.buffer).indexOf(Buffer.from([0xff, 0xc0]));
  new DataView(changed.buffer).setUint16(frame + 5, height);
  new DataView(changed.buffer).setUint16(frame + 7, width);
  return changed;
}

/** Numbers in 0..1 that are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
