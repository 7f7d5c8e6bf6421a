import { mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { Samples } from "./samples.ts";
import { openSchool, type School } from "./teach-fixture.ts";

const WAVE = "desk-20261121t104503";
const STOP = "door-20261122t080000-2";

async function folderWith(...files: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "beckon-samples-"));
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), file);
  }
  return folder;
}

function usual(): Promise<string> {
  return folderWith(
    `${STOP}/stop/${STOP}-0001.jpg`,
    `${WAVE}/Wäve hand/${WAVE}-0001.jpg`,
    `${WAVE}/Wäve hand/${WAVE}-0002.jpg`,
    `${WAVE}/.sessions.jsonl`,
  );
}

async function refusal(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => "done",
    (error: { status?: number }) => error.status,
  );
}

describe("the folder of samples", () => {
  it("lists recordings with camera and time, the newest last", async () => {
    expect(await new Samples(await usual()).list()).toEqual([
      {
        id: WAVE,
        gesture: "Wäve hand",
        camera: "desk",
        startedAt: Date.UTC(2026, 10, 21, 10, 45, 3),
        pictures: [`${WAVE}-0001.jpg`, `${WAVE}-0002.jpg`],
      },
      {
        id: STOP,
        gesture: "stop",
        camera: "door",
        startedAt: Date.UTC(2026, 10, 22, 8),
        pictures: [`${STOP}-0001.jpg`],
      },
    ]);
  });

  it("is empty where there is none", async () => {
    expect(await new Samples(join(tmpdir(), "beckon-nowhere")).list()).toEqual([]);
  });

  it("lists what the command collected, each gesture of a source by itself", async () => {
    const folder = await folderWith(
      "kitchen/A/desk-20261121t104503-0001.jpg",
      "kitchen/B/x.jpg",
      "kitchen/B/notes.txt",
    );
    const [byTime, byName] = await new Samples(folder).list();
    expect([byTime?.camera, byTime?.gesture, byName?.camera, byName?.gesture]).toEqual(["desk", "A", "", "B"]);
    expect(byName?.pictures).toEqual(["x.jpg"]);
  });

  it("sees no links, no hidden folders and no names that are none", async () => {
    const folder = await folderWith("a/ok/1.jpg", ".hidden/A/1.jpg", "UPPER/A/1.jpg", "b/<i>/1.jpg", "c/A/.x.jpg");
    await symlink(join(folder, "a"), join(folder, "linked"));
    await symlink(join(folder, "a", "ok"), join(folder, "a", "link"));
    await symlink("/etc/passwd", join(folder, "a", "ok", "2.jpg"));
    const samples = new Samples(folder);
    expect((await samples.list()).map(({ id, gesture, pictures }) => [id, gesture, pictures])).toEqual([
      ["a", "ok", ["1.jpg"]],
    ]);
    expect(await refusal(samples.picture("a", "2.jpg"))).toBe(404);
    expect(await refusal(samples.picture("linked", "1.jpg"))).toBe(404);
    expect(await refusal(samples.removeRecording("linked", undefined))).toBe(404);
    expect(await readdir(join(folder, "a", "ok"))).toContain("1.jpg");
  });

  it("throws out a picture, and with the last one the recording", async () => {
    const folder = await usual();
    const samples = new Samples(folder);
    expect(Buffer.from(await samples.picture(WAVE, `${WAVE}-0002.jpg`)).toString()).toContain("0002");
    await samples.removePicture(WAVE, `${WAVE}-0001.jpg`);
    expect((await samples.list())[0]?.pictures).toEqual([`${WAVE}-0002.jpg`]);
    await samples.removePicture(WAVE, `${WAVE}-0002.jpg`);
    expect(await readdir(folder)).toEqual([STOP]);
    expect(await refusal(samples.removePicture(WAVE, `${WAVE}-0002.jpg`))).toBe(404);
  });

  it("throws out a recording, and a gesture with all of its recordings", async () => {
    const folder = await folderWith("a/x/1.jpg", "b/x/1.jpg", "c/y/1.jpg", "both/x/1.jpg", "both/y/1.jpg", "both/note");
    const samples = new Samples(folder);
    await samples.removeRecording("a", undefined);
    expect(await refusal(samples.removeRecording("both", undefined))).toBe(409);
    await samples.removeGesture("X");
    expect(await readdir(folder)).toEqual(["both", "c"]);
    expect((await readdir(join(folder, "both"))).sort()).toEqual(["note", "y"]);
    await samples.removeRecording("both", "y");
    expect(await readdir(join(folder, "both"))).toEqual(["note"]);
  });

  it.each([
    ["in case", "WÄVE HAND"],
    ["in its Unicode form", "Wäve hand".normalize("NFD")],
    ["in nothing", "Wäve hand"],
  ])("takes a name that differs %s for the one that is there", async (_, name) => {
    expect(await new Samples(await usual()).nameOf(name)).toBe("Wäve hand");
  });

  it("has one name for others", async () => {
    expect(await new Samples(await usual()).nameOf("Others")).toBe("others");
    expect(await new Samples(await usual()).nameOf("Wave")).toBe("Wave");
  });
});

const HALF = "\uD800";
const HOSTILE: readonly (readonly [what: string, name: string])[] = [
  ["a way up", "../outside"],
  ["a way up, encoded", "%2e%2e%2foutside"],
  ["dots", ".."],
  ["an absolute path", "/etc/passwd"],
  ["a Windows path", "..\\outside"],
  ["NUL", "wave\0.jpg"],
  ["markup", "<script>alert(1)</script>"],
  ["an entity", "&lt;b&gt;"],
  ["quotes", `"'\``],
  ["a turn of the writing", "wave\u202Egpj.exe"],
  ["zero width", "wa\u200Bve"],
  ["an emoji", "👋"],
  ["1000 letters", "a".repeat(1000)],
  ["nothing", ""],
  ["space", "   "],
  ["a line break", "wave\nstop"],
  ["a hidden name", ".hidden"],
  ["a device of Windows", "CON"],
  ["a wildcard of topics", "#"],
  ["another", "+"],
  ["a level of topics", "wave/stop"],
  ["a list", "wave,stop"],
  ["a flag", "--data"],
  ["a shell's", "$(reboot)"],
  ["a template", "{{constructor}}"],
  ["a prototype", "__proto__"],
  ["what a model answers", "Unknown"],
  ["half of a pair", HALF],
];

describe("names that nobody means well", () => {
  const outside = "untouched";
  async function schoolWithNeighbour(): Promise<School> {
    const folder = await folderWith("outside/secret/1.jpg", `samples/${WAVE}/wave/${WAVE}-0001.jpg`);
    await writeFile(join(folder, "outside", "1.jpg"), outside);
    return openSchool({ samplesFolder: join(folder, "samples"), modelsFolder: join(folder, "models") });
  }

  it.each(HOSTILE)("refuses %s everywhere, and touches nothing", async (_, name) => {
    const school = await schoolWithNeighbour();
    const before = (await readdir(dirname(school.samples), { recursive: true })).sort();
    const there = encodeURIComponent(name === HALF ? "%ED%A0%80" : name);
    const asked = [
      await school.ask("POST", "/recordings", JSON.stringify({ gesture: name, camera: "desk" })),
      await school.ask("POST", "/recordings", JSON.stringify({ gesture: "wave", camera: name })),
      await school.ask("GET", `/recordings/${there}/1.jpg`),
      await school.ask("GET", `/recordings/${WAVE}/${there}`),
      await school.ask("DELETE", `/recordings/${WAVE}/${there}`),
      await school.ask("DELETE", `/recordings/${there}`),
      await school.ask("DELETE", `/recordings/${WAVE}?gesture=${there}x`),
      await school.ask("DELETE", `/gestures/${there}`),
    ];
    for (const { status, body } of asked) {
      // An empty name leaves a path that is another one, which is there or not.
      expect([400, 404, 405]).toContain(status);
      expect(body["error"]).toBeTypeOf("string");
    }
    expect((await readdir(dirname(school.samples), { recursive: true })).sort()).toEqual(before);
    expect(await readFile(join(dirname(school.samples), "outside", "1.jpg"), "utf8")).toBe(outside);
    await school.close();
  });

  it.each([
    "/recordings/..%2f..%2foutside/1.jpg",
    "/recordings/%2e%2e/1.jpg",
    "/recordings/%E0%A4%A/1.jpg",
    "/gestures/%",
  ])("answers %s with a refusal", async (path) => {
    const school = await schoolWithNeighbour();
    expect((await school.raw(path)).status).toBe(404);
    expect((await school.ask("DELETE", path)).status).toBe(404);
    await school.close();
  });

  it("takes names of all scripts", async () => {
    const folder = await folderWith("a/ハート/1.jpg", "b/constructor/1.jpg", "c/ok 2/1.jpg");
    const gestures = (await new Samples(folder).list()).map(({ gesture }) => gesture);
    expect(gestures.sort()).toEqual(["constructor", "ok 2", "ハート"]);
  });

  it("reads no more of a request than it needs", async () => {
    const school = await schoolWithNeighbour();
    expect((await school.ask("POST", "/recordings", "x".repeat(10_000))).status).toBe(413);
    expect((await school.ask("POST", "/recordings", "[".repeat(4000))).status).toBe(400);
    expect((await school.ask("POST", "/recordings", "null")).status).toBe(400);
    await school.close();
  });

  it("takes a page that goes away in the middle of what it says for no failure of its own", async () => {
    const school = await schoolWithNeighbour();
    const body = new ReadableStream({ start: (stream) => stream.error(new Error("aborted")) });
    expect((await school.raw("/recordings", { method: "POST", body, duplex: "half" })).status).toBe(400);
    await school.close();
  });
});
