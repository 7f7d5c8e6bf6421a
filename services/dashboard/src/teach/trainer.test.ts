import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@beckon/runtime/testing";
import { FILE_LIMITS, loadBundle, openClassifier, readPicture } from "@beckon/vision";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { beckon, drawRecordings, openSchool, type School, smallDisk, topics } from "./teach-fixture.ts";
import { type BeckonCommand, defaultCommand, trainingArguments } from "./training-command.ts";
import { planTraining } from "./training-plan.ts";

const onLinux = it.skipIf(process.platform !== "linux");
let drawn = "";

beforeAll(async () => {
  drawn = await mkdtemp(join(tmpdir(), "beckon-drawn-samples-"));
  await drawRecordings(drawn);
});
afterAll(() => rm(drawn, { recursive: true, force: true }));

/** A program in place of `beckon`, which gets the same arguments. */
function program(source: string): BeckonCommand {
  return [process.execPath, "--input-type=module", "--eval", source, "--"];
}

async function openWith(command: BeckonCommand): Promise<School> {
  return openSchool({ command, samplesFolder: drawn });
}

/** Nothing half-made is there. */
async function leftBehind(school: School): Promise<string[]> {
  const found = await readdir(school.models, { recursive: true });
  return found.filter((name) => ![".runs", ".cache"].includes(name) && !name.startsWith(join(".cache", "tsx-")));
}

async function failureWith(command: BeckonCommand): Promise<string | undefined> {
  const school = await openWith(command);
  try {
    expect((await school.ask("POST", "/training")).status).toBe(200);
    const { phase, error } = await school.trained();
    expect(phase).toBe("failed");
    expect(await leftBehind(school)).toEqual([]);
    // The way is free for another try.
    expect((await school.ask("POST", "/training")).status).toBe(200);
    await school.trained();
    return error;
  } finally {
    await school.close();
  }
}

describe("a training on two drawn gestures and others", () => {
  let school: School;
  const seen = new Set<string>();
  beforeAll(async () => {
    school = await openSchool();
    await cp(drawn, school.samples, { recursive: true });
    expect((await school.ask("POST", "/training")).status).toBe(200);
    let progress = 0;
    await eventually(
      async () => {
        const { training } = await school.state();
        seen.add(training?.phase ?? "");
        expect(training?.progress).toBeGreaterThanOrEqual(progress);
        progress = training?.progress ?? 0;
        return training?.phase === "done" || training?.phase === "failed";
      },
      { within: 100_000 },
    );
  });
  afterAll(() => school.close());

  it("ends with a model, judged on the recordings that were held back", async () => {
    const { training, models, wanted } = await school.state();
    expect(training).toMatchObject({ phase: "done", progress: 1, folder: "taught-1" });
    expect(wanted).toEqual([]);
    expect(models).toHaveLength(1);
    const { folder, labels, judgement } = models[0]!;
    expect([folder, labels]).toEqual(["taught-1", ["ay", "others", "vee"]]);
    expect(judgement).toMatchObject({ pictures: 48, labels });
    expect(judgement!.confusion.map((row) => [row.length, row.reduce((sum, count) => sum + count, 0)])).toEqual([
      [4, 16],
      [4, 16],
      [4, 16],
    ]);
    // Letters that the backbone knows, and rooms: a head that learned anything is far above a third.
    expect(judgement!.accuracy).toBeGreaterThan(0.7);
    expect(judgement!.low).toBeLessThanOrEqual(judgement!.accuracy);
    expect(judgement!.high).toBeGreaterThanOrEqual(judgement!.accuracy);
  });

  it("tells how far it is", () => {
    expect([...seen].filter((phase) => ["starting", "reading"].includes(phase))).not.toEqual([]);
    expect(seen).toContain("done");
  });

  it("leaves a bundle that loads, names what it was trained on, and names what it sees", async () => {
    const bundle = await loadBundle(join(school.models, "taught-1"));
    expect(bundle.card.name).toBe("taught-1");
    expect(bundle.card.sources.map(({ name }) => name)).toHaveLength(3);
    const { recordings } = await school.state();
    const held = recordings.filter(({ id }) => !bundle.card.sources.some(({ name }) => name === id));
    expect(held.map(({ gesture }) => gesture).sort()).toEqual(["ay", "others", "vee"]);
    const classifier = await openClassifier(bundle, { engine: "onnx-cpu" });
    const { id, pictures } = held.find(({ gesture }) => gesture === "others")!;
    const file = await readFile(join(school.samples, id, "others", pictures[0]!));
    const room = await readPicture(file, bundle.card.input, FILE_LIMITS);
    expect((await classifier.classifyBatch([room])).length).toBe(3);
    await classifier.close();
  });

  it("leaves nothing else", async () => {
    expect((await leftBehind(school)).sort()).toEqual(
      ["", "judgement.json", "labels.txt", "model.json", "model.onnx"].map((name) => join("taught-1", name)),
    );
  });

  it("is judged alike by `beckon evaluate`", async () => {
    const { recordings, models } = await school.state();
    const { card } = await loadBundle(join(school.models, "taught-1"));
    const trained = card.sources.map(({ name }) => `${name}/*`);
    expect(trained.length).toBe(recordings.length / 2);
    const model = join(school.models, "taught-1");
    const flags = ["--model", model, "--data", school.samples, "--drop", trained.join(","), "--json"];
    const { macro, thresholds } = JSON.parse(await beckon("evaluate", ...flags));
    expect(macro.accuracy).toBeCloseTo(models[0]!.judgement!.accuracy, 6);
    expect(thresholds.matrix).toEqual(models[0]!.judgement!.confusion);
  });

  it("is made again by the command on its card", async () => {
    const { card } = await loadBundle(join(school.models, "taught-1"));
    const words = card.training!.command.split(" ").slice(2);
    const folder = await mkdtemp(join(tmpdir(), "beckon-by-hand-"));
    const out = join(folder, "run");
    await beckon("train", ...words.map((word) => (word === "run" ? out : word)));
    const again = await loadBundle(join(out, "best"));
    expect(again.card.sha256.onnx).toBe(card.sha256.onnx);
  });

  it("is found again after a restart, with its judgement", async () => {
    const before = await school.state();
    const again = await openSchool({ samplesFolder: school.samples, modelsFolder: school.models });
    const { recordings, models, training } = await again.state();
    expect(recordings).toEqual(before.recordings);
    expect(models).toEqual(before.models);
    expect(training).toBeUndefined();
    await again.close();
  });
});

describe("a training that does not end well", () => {
  it("is refused while something is wanted, in words", async () => {
    const school = await openSchool();
    const { status, body } = await school.ask("POST", "/training");
    expect([status, body["error"]]).toEqual([409, "Record a gesture, twice."]);
    await school.close();
  });

  onLinux("goes one at a time, slower than others, with nothing thrown out meanwhile, and is stopped", async () => {
    const school = await openWith(program("console.error(process.pid); setInterval(() => {}, 1000)"));
    const answers = await Promise.all([school.ask("POST", "/training"), school.ask("POST", "/training")]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const { recordings } = await school.state();
    expect((await school.ask("DELETE", `/recordings/${recordings[0]?.id}`)).status).toBe(409);
    const asked = JSON.stringify({ gesture: "wave", camera: "desk" });
    expect((await school.ask("POST", "/recordings", asked)).body["error"]).toContain("a training is under way");
    const pid = await childOf(school);
    expect(getPriority(pid)).toBeGreaterThan(getPriority());
    expect((await school.ask("DELETE", "/training")).status).toBe(200);
    expect((await school.state()).training).toMatchObject({ phase: "stopped" });
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    expect(await leftBehind(school)).toEqual([]);
    expect((await school.ask("DELETE", "/training")).status).toBe(200);
    await school.close();
  });

  onLinux("is killed when it does not listen, and so with the service", async () => {
    const school = await openWith(program("process.on('SIGINT', () => {}); setInterval(() => {}, 1000)"));
    await school.ask("POST", "/training");
    const pid = await childOf(school);
    await school.close();
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    expect(await leftBehind(school)).toEqual([]);
  });

  onLinux("says so when the process was killed in the middle of training", async () => {
    const school = await openWith(defaultCommand());
    await school.ask("POST", "/training");
    await eventually(async () => (await school.state()).training?.phase === "reading", { within: 100_000 });
    process.kill(await childOf(school), "SIGKILL");
    expect(await school.trained()).toMatchObject({ phase: "failed", error: expect.stringContaining("was killed") });
    expect(await leftBehind(school)).toEqual([]);
    await school.close();
  });

  it("is stopped in the middle, and leaves nothing", async () => {
    const school = await openWith(defaultCommand());
    await school.ask("POST", "/training");
    await eventually(async () => (await school.state()).training?.phase === "reading", { within: 100_000 });
    await school.ask("DELETE", "/training");
    expect((await school.state()).training?.phase).toBe("stopped");
    expect(await leftBehind(school)).toEqual([]);
    await school.close();
  });

  it("ends by itself when the service was killed, for nobody reads what it says", async () => {
    const school = await openWith(defaultCommand());
    const plan = planTraining((await school.state()).recordings);
    await school.close();
    const [program, ...first] = defaultCommand();
    const folder = await mkdtemp(join(tmpdir(), "beckon-orphan-"));
    const args = [...first, ...trainingArguments(drawn, plan, "taught-1")];
    const child = spawn(program, args, { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
    child.stdout.destroy();
    await once(child, "exit");
    expect(await readdir(join(folder, "run"))).not.toContain("best");
    await rm(folder, { recursive: true });
  });

  it("hands on the one line that the command says", async () => {
    const line = await failureWith(program('console.error("warning: x\\nbeckon: it rains: wait"); process.exit(1)'));
    expect(line).toBe("it rains: wait");
  });

  it.each([
    [
      "for want of memory",
      "console.error('FATAL ERROR: JavaScript heap out of memory'); process.abort()",
      "not enough memory",
    ],
    ["without a word", "process.exit(3)", "ended with code 3"],
    ["well, but without a result", "console.log('{')", "ended without a result"],
    [
      "with an unforeseen error",
      "console.error('beckon: unexpected error, please report it\\nTypeError: x\\n  at y'); process.exit(1)",
      "failed: TypeError: x",
    ],
    [
      "with a bundle that is none",
      `console.log(JSON.stringify({ type: "result", bundle: "run/best", evaluation: { macro: { accuracy: 1, low: 1, high: 1 }, micro: { count: 1 }, classes: [], thresholds: { matrix: [] } } }))`,
      "no such file",
    ],
  ])("is a failure in one line when it ends %s", async (_, source, words) => {
    const line = await failureWith(program(source));
    expect(line).toContain(words);
    expect(line).not.toContain("\n");
  });

  it("says when it could not be started", async () => {
    expect(await failureWith(["/nowhere/beckon"])).toContain("could not be started (/nowhere/beckon): no such file");
  });

  it("says when the disk is full, and leaves what was there", async ({ skip }) => {
    const small = smallDisk("1m") ?? skip("it may not mount a disk");
    const school = await openSchool({ samplesFolder: drawn, modelsFolder: small.folder });
    try {
      await school.ask("POST", "/training");
      expect((await school.trained()).error).toBe(
        `${small.folder}: no space left on the disk; free some and try again`,
      );
      expect((await readdir(school.models, { recursive: true })).filter((name) => name.startsWith(".runs/"))).toEqual(
        [],
      );
    } finally {
      await school.close();
      small[Symbol.dispose]();
    }
  });
});

describe("the folder of models", () => {
  async function bundleAt(folder: string, name: string): Promise<void> {
    await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, name, "model.json"), "{}");
    await writeFile(join(folder, name, "labels.txt"), "a\nothers\n");
  }

  it("keeps the newest, and what a classifier is set to", async () => {
    const school = await openSchool({ command: defaultCommand() });
    await cp(drawn, school.samples, { recursive: true });
    for (let number = 1; number <= 12; number++) await bundleAt(school.models, `taught-${number}`);
    await bundleAt(school.models, "letters");
    const settings = { models: { letters: {}, taught: { folder: "taught-2" } } };
    await school.bus.publish(topics.serviceConfig({ kind: "classifier", id: "main" }), settings);
    await school.ask("POST", "/training");
    expect((await school.trained()).folder).toBe("taught-13");
    const names = (await school.state()).models.map(({ folder }) => folder);
    expect(names).toEqual(["taught-2", ...[4, 5, 6, 7, 8, 9, 10, 11, 12, 13].map((number) => `taught-${number}`)]);
    expect(await readdir(school.models)).toContain("letters");
    await school.close();
  });

  it("is cleared of what a killed service left, and does not list what is no bundle", async () => {
    const folder = await mkdtemp(join(tmpdir(), "beckon-models-"));
    await bundleAt(folder, ".runs/taught-7");
    await mkdir(join(folder, "taught-1"));
    await bundleAt(folder, "taught-2");
    await writeFile(join(folder, "taught-2", "judgement.json"), "{");
    await bundleAt(folder, "taught-3");
    await writeFile(join(folder, "taught-3", "labels.txt"), "a\n\u0007\n");
    const school = await openSchool({ modelsFolder: folder });
    expect(await school.state()).toMatchObject({ models: [{ folder: "taught-2", labels: ["a", "others"] }] });
    expect(await readdir(folder)).not.toContain(".runs");
    await school.close();
  });

  onLinux("is one dashboard's at a time: another neither clears it nor trains there", async () => {
    const waiting = program("setInterval(() => {}, 1000)");
    const mine = await openWith(waiting);
    await mine.ask("POST", "/training");
    const run = join(mine.models, ".runs", "taught-1");
    const yours = await openSchool({ command: waiting, samplesFolder: drawn, modelsFolder: mine.models });
    const { status, body } = await yours.ask("POST", "/training");
    expect([status, body["error"]]).toEqual([409, expect.stringContaining("another dashboard of this machine has")]);
    expect((await yours.state()).training).toBeUndefined();
    expect((await stat(run)).isDirectory()).toBe(true);
    await mine.close();
    expect((await yours.ask("POST", "/training")).status).toBe(200);
    await yours.close();
  });
});

/** The process of the training, by the list that Linux keeps. */
async function childOf(school: School): Promise<number> {
  return eventually(async () => {
    const children = await readFile(`/proc/self/task/${process.pid}/children`, "utf8");
    const own = children.trim().split(" ").map(Number);
    for (const pid of own) {
      const args = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      if (args.includes("--json") && args.includes(school.samples)) return pid;
    }
    return undefined;
  });
}
