import { chmod, mkdir, mkdtemp, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBoot, type Frame } from "@beckon/protocol";
import { eventually } from "@beckon/runtime/testing";
import { checkPicture, FILE_LIMITS, readPicture } from "@beckon/vision";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { RecordingEnd } from "./teach-api.ts";
import { greyFrame, openSchool, type School, smallDisk, topics } from "./teach-fixture.ts";

const frame = await greyFrame();
let school: School;

beforeEach(async () => {
  school = await openSchool();
});
afterEach(() => school.close());

/** Sends a frame every 20 ms until it is told to end. */
function camera(name = "desk", picture: Frame = frame): Disposable {
  const sending = setInterval(() => void school.bus.publish(topics.frame({ camera: name }), picture), 20);
  return { [Symbol.dispose]: () => clearInterval(sending) };
}

function start(gesture = "wave", from = "desk"): ReturnType<School["ask"]> {
  return school.ask("POST", "/recordings", JSON.stringify({ gesture, camera: from }));
}

async function pictures(count: number): Promise<void> {
  await eventually(async () => ((await school.state()).running?.pictures ?? 0) >= count);
}

async function end(): Promise<RecordingEnd> {
  const { status, body } = await school.ask("DELETE", "/recordings/running");
  expect(status).toBe(200);
  return body["ended"] as RecordingEnd;
}

async function endedByItself(): Promise<RecordingEnd> {
  return eventually(async () => {
    const { running, ended } = await school.state();
    return running === undefined && ended;
  });
}

describe("a recording", () => {
  it("keeps some of a camera's frames as pictures that the page can show", async () => {
    using _ = camera();
    const began = performance.now();
    const { status, body } = await start("  Wave ");
    expect(status).toBe(200);
    await pictures(3);
    expect((await school.state()).running).toMatchObject({ id: body["id"], gesture: "Wave", camera: "desk" });
    const { id, pictures: count, skipped, error } = await end();
    expect([id, skipped, error]).toEqual([body["id"], 0, undefined]);
    // 8 a second, and one at once.
    expect(count).toBeLessThanOrEqual((performance.now() - began) / 62.5 + 1);
    const { recordings, running } = await school.state();
    expect(running).toBeUndefined();
    expect(recordings).toMatchObject([{ id, gesture: "Wave", camera: "desk" }]);
    expect(recordings[0]?.pictures[0]).toBe(`${id}-0001.jpg`);
    const response = await school.raw(`/recordings/${id}/${recordings[0]?.pictures[0]}`);
    expect(response.headers.get("content-type")).toBe("image/jpeg");
    const shown = checkPicture(new Uint8Array(await response.arrayBuffer()), FILE_LIMITS);
    expect(shown).toMatchObject({ width: 144, height: 144 });
  });

  it("is named by the clock on the wall, also when the machine has slept since the service started", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2031, 1, 3, 4, 5, 6) });
    onTestFinished(() => void vi.useRealTimers());
    expect((await start()).body["id"]).toBe("desk-20310203t040506");
  });

  it("has the others listed every other second meanwhile, and at once when one is thrown out", async () => {
    let at = Date.UTC(2026, 10, 21, 10, 45, 3);
    await school.close();
    school = await openSchool({ now: () => at });
    const put = async (id: string): Promise<void> => {
      await mkdir(join(school.samples, id, "stop"), { recursive: true });
      await writeFile(join(school.samples, id, "stop", `${id}-0001.jpg`), "");
    };
    const stops = async (): Promise<string[]> =>
      (await school.state()).recordings.filter(({ gesture }) => gesture === "stop").map(({ id }) => id);
    using _ = camera();
    await put("first");
    await start();
    expect(await stops()).toEqual(["first"]);
    await put("second");
    expect(await stops()).toEqual(["first"]);
    at += 2000;
    expect(await stops()).toEqual(["first", "second"]);
    expect((await school.ask("DELETE", "/recordings/first")).status).toBe(200);
    expect(await stops()).toEqual(["second"]);
    await put("third");
    await end();
    expect(await stops()).toEqual(["second", "third"]);
  });

  it("is a source of its own to the trainer, however soon the next one begins", async () => {
    using _ = camera();
    const ids: unknown[] = [];
    for (let round = 0; round < 3; round++) {
      ids.push((await start()).body["id"]);
      await pictures(1);
      await end();
    }
    expect(new Set(ids).size).toBe(3);
    expect((await readdir(school.samples)).sort()).toEqual([...ids].sort());
  });

  it("cuts to the region that the camera names, else to that of the classifier, and turns what it turns", async () => {
    const settings = { rois: { door: [0, 0, 0.5, 0.5] }, mirror: { door: true }, models: { taught: {} } };
    await school.bus.publish(topics.serviceConfig({ kind: "classifier", id: "main" }), settings);
    const kept = async (name: string, picture: Frame): Promise<Uint8Array> => {
      using _ = camera(name, picture);
      const { body } = await start("wave", name);
      await pictures(1);
      await end();
      const file = join(school.samples, String(body["id"]), "wave", `${body["id"]}-0001.jpg`);
      return readFile(file);
    };
    const door = await kept("door", frame);
    expect(checkPicture(door, FILE_LIMITS)).toMatchObject({ width: 160, height: 120 });
    const shape = { width: 4, height: 4, fit: "stretch", kernel: "linear" } as const;
    const { data } = await readPicture(door, shape, FILE_LIMITS);
    expect(data[0]).toBeGreaterThan((data[9] ?? 255) + 40);
    const envelope = { seq: 1, boot: createBoot(Date.now()), at: 1, width: 320, height: 240 };
    const roi: [number, number, number, number] = [0, 0, 0.25, 1];
    const desk = await kept("desk", { ...frame, envelope: { ...envelope, roi } });
    expect(checkPicture(desk, FILE_LIMITS)).toMatchObject({ width: 80, height: 240 });
  });

  it("refuses a second one, and lets nobody throw out what is being recorded", async () => {
    using _ = camera();
    const { body } = await start();
    await pictures(1);
    expect(await start("stop")).toEqual({ status: 409, body: { error: expect.stringContaining('"wave" is being') } });
    expect((await school.ask("DELETE", `/recordings/${body["id"]}`)).status).toBe(409);
    expect((await school.ask("DELETE", "/gestures/WAVE")).status).toBe(409);
    expect((await school.ask("POST", "/training")).status).toBe(409);
    await end();
    expect((await school.ask("DELETE", `/recordings/${body["id"]}`)).status).toBe(200);
    expect(await readdir(school.samples)).toEqual([]);
  });

  it("begins only once when two ask at the same time", async () => {
    using _ = camera();
    const answers = await Promise.all([start(), start(), start()]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    await pictures(1);
    await end();
    expect(await readdir(school.samples)).toHaveLength(1);
  });

  it("ends when the camera is silent, says so, and leaves no folder behind", async () => {
    await start("wave", "nobody");
    expect(await endedByItself()).toMatchObject({
      pictures: 0,
      error: expect.stringContaining("nobody sent no frame"),
    });
    expect(await readdir(school.samples)).toEqual([]);
    expect((await school.ask("DELETE", "/recordings/running")).status).toBe(409);
    expect((await school.state()).recordings).toEqual([]);
  });

  it("keeps what it has when the camera falls silent", async () => {
    {
      using _ = camera();
      await start();
      await pictures(2);
    }
    const ended = await endedByItself();
    expect(ended.pictures).toBeGreaterThanOrEqual(2);
    expect(ended.error).toContain("desk sent no frame");
    expect((await school.state()).recordings).toHaveLength(1);
  });

  it("passes over frames that cannot be read, and counts them", async () => {
    using _ = camera("desk", { jpeg: frame.jpeg.subarray(0, 700) });
    await start();
    await eventually(() => (school.stats.readAll().drops["bad-image"] ?? 0) >= 2);
    const { status, body } = await school.ask("DELETE", "/recordings/running");
    expect([status, body["error"]]).toEqual([409, expect.stringContaining("none of the frames of desk could be read")]);
    expect((await school.state()).ended?.skipped).toBeGreaterThanOrEqual(2);
    expect(await readdir(school.samples)).toEqual([]);
  });

  it("leaves nothing when it is ended before the first frame", async () => {
    await start();
    expect(await end()).toMatchObject({ pictures: 0, skipped: 0 });
    expect(await readdir(school.samples)).toEqual([]);
    expect((await end()).pictures).toBe(0);
  });

  it("ends with the service", async () => {
    using _ = camera();
    await start();
    await pictures(1);
    await school.close();
    expect(await readdir(school.samples)).toHaveLength(1);
    expect((await start()).status).toBe(409);
  });

  it("ends by itself after 20 s", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      using _ = camera();
      await start();
      for (let second = 1; second <= 20; second++) {
        await pictures(((await school.state()).running?.pictures ?? 0) + 1);
        await vi.advanceTimersByTimeAsync(1000);
      }
      await eventually(async () => (await school.state()).running === undefined);
      expect((await school.state()).ended?.error).toBeUndefined();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("a disk that will not", () => {
  it("is said at once when the folder may not be written", async () => {
    const folder = await mkdtemp(join(tmpdir(), "beckon-teach-"));
    await writeFile(join(folder, "file"), "");
    await school.close();
    school = await openSchool({ samplesFolder: join(folder, "file", "samples") });
    const { status, body } = await start();
    expect([status, body["error"]]).toEqual([500, expect.stringContaining("no such file or folder")]);
  });

  it.each(["all", "own"])("ends the recording when somebody takes its folder away (%s), and says so", async (which) => {
    using _ = camera();
    const { body } = await start();
    await pictures(2);
    const taken = which === "all" ? school.samples : join(school.samples, String(body["id"]));
    await rename(taken, `${school.samples}-elsewhere`);
    const { error } = await endedByItself();
    expect(error).toContain(`no longer in ${school.samples}: see that nothing else moves or removes it`);
    expect((await start()).status).toBe(200);
  });

  it.skipIf(process.getuid?.() === 0)("names the folder whose rights are missing, and the remedy", async () => {
    await mkdir(school.samples, { mode: 0o500, recursive: true });
    const { status, body } = await start();
    await chmod(school.samples, 0o700);
    expect([status, body["error"]]).toEqual([500, expect.stringContaining("let the user of this service write there")]);
  });

  it("ends the recording when it is full, and keeps what is whole", async ({ skip }) => {
    const small = smallDisk("64k") ?? skip("it may not mount a disk");
    await school.close();
    school = await openSchool({ samplesFolder: small.folder });
    try {
      using _ = camera("desk", await greyFrame(800, 600));
      await start();
      const ended = await endedByItself();
      expect(ended.error).toContain("no space left on the disk; free some and try again");
      expect((await school.ask("DELETE", "/recordings/running")).status).toBe(507);
      const { recordings } = await school.state();
      expect(recordings[0]?.pictures).toHaveLength(ended.pictures);
      for (const picture of recordings[0]?.pictures ?? [])
        checkPicture(await readFile(join(small.folder, ended.id, "wave", picture)), FILE_LIMITS);
    } finally {
      small[Symbol.dispose]();
    }
  });
});
