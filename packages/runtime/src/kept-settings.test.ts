import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTopics, Name, Roi, type Settings } from "@beckon/protocol";
import { pino } from "pino";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { aborted } from "./aborted.ts";
import { changeable, secret } from "./config/marks.ts";
import { createMemoryBus, MemoryHub } from "./memory-bus.ts";
import { runService } from "./run-service.ts";
import { type Service, ServiceFailure } from "./service.ts";
import { Stats } from "./stats.ts";
import { eventually } from "./testing/eventually.ts";

const schema = z.object({
  cameras: z
    .record(
      Name,
      z.discriminatedUnion("source", [
        z.object({
          source: z.literal("drawn"),
          roi: changeable(z.union([z.literal("default"), Roi])).default("default"),
          url: secret(z.string()).default("rtsp://me:hush@camera/"),
        }),
        z.object({ source: z.literal("file"), roi: changeable(Roi).optional() }),
      ]),
    )
    .default(() => ({ desk: DRAWN, hall: DRAWN })),
  fps: changeable(z.number().max(30)).default(15),
  models: changeable(z.union([z.array(Name), z.record(Name, z.object({ folder: Name.optional() }))])).default(() => [
    "letters",
  ]),
  rois: changeable(z.record(Name, Roi)).default({}),
});
type Config = z.infer<typeof schema>;

const DRAWN = { source: "drawn", roi: "default", url: "rtsp://me:hush@camera/" } as const;
const ROI = [0.1, 0.2, 0.3, 0.4];
const names = { kind: "classifier", id: "desk" };
const topics = createTopics();

let folder: string;

beforeEach(async () => {
  const root = await mkdtemp(join(tmpdir(), "beckon-kept-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  folder = join(root, "settings");
});

const file = (): string => join(folder, "classifier-desk.json");

interface Life {
  /** What the service was started with. */
  readonly config: Config;
  readonly log: readonly string[];
}

/** One life of a service: what it has at the start, after these patches were taken. */
async function life(
  { section = {}, patches = [] }: { section?: z.input<typeof schema>; patches?: readonly Settings[] } = {},
  check?: Service<Config>["check"],
): Promise<Life> {
  const log: string[] = [];
  const hub = new MemoryHub();
  const stop = new AbortController();
  let started: Config | undefined;
  let changes = 0;
  const service: Service<Config> = {
    kind: "classifier",
    config: schema,
    ...(check && { check }),
    run: async ({ config, onChange, ready, signal }) => {
      started = config;
      onChange(() => {
        changes++;
      });
      ready();
      await aborted(signal);
    },
  };
  const running = runService(service, {
    config: schema.parse(section),
    id: "desk",
    shared: { prefix: "beckon", mqtt: { url: "mqtt://nowhere" }, keepSettings: folder },
    log: pino({ base: null }, { write: (line: string) => void log.push(String(JSON.parse(line).msg)) }),
    signal: stop.signal,
    openBus: ({ stats }) => createMemoryBus(hub, stats),
  });
  const client = createMemoryBus(hub, new Stats());
  await eventually(() => expect(started).toBeDefined());
  for (const [index, patch] of patches.entries()) {
    await client.publish(topics.serviceSet(names), patch);
    await eventually(() => expect(changes).toBe(index + 1));
  }
  stop.abort();
  await running;
  if (!started) throw new Error("it never ran");
  return { config: started, log: log.filter((line) => line !== "ready") };
}

describe("what /set changed", () => {
  it("is there again after a restart, and the log says so", async () => {
    const patches = [{ cameras: { desk: { roi: ROI } } }, { fps: 5 }, { rois: { esp: ROI } }];
    expect((await life({ patches })).config.fps).toBe(15);
    const { config, log } = await life();
    expect(config).toMatchObject({ cameras: { desk: { roi: ROI }, hall: { roi: "default" } }, fps: 5 });
    expect(config.rois).toEqual({ esp: ROI });
    expect(log).toEqual([
      `settings from an earlier run: cameras.desk.roi, fps, rois.esp; remove ${file()} to forget them`,
    ]);
  });

  it("is kept for the eyes of its user alone, without secrets and without what is as configured", async () => {
    await life({ patches: [{ cameras: { desk: { roi: ROI } } }] });
    expect(JSON.parse(await readFile(file(), "utf8"))).toEqual({
      version: 1,
      settings: [{ path: ["cameras", "desk", "roi"], value: ROI, base: "default" }],
    });
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await readdir(folder)).toEqual(["classifier-desk.json"]);
  });

  it("replaces a section whole, and may take one away", async () => {
    const section = { models: { letters: {}, hand: {} }, rois: { esp: ROI, porch: ROI } } as const;
    await life({
      section: { ...section, rois: { esp: [0, 0, 1, 1], porch: [0, 0, 1, 1] } },
      patches: [{ models: { hand: null } }, { rois: { porch: null } }],
    });
    const { config } = await life({ section: { ...section, rois: { esp: [0, 0, 1, 1], porch: [0, 0, 1, 1] } } });
    expect(config.models).toEqual({ letters: {} });
    expect(config.rois).toEqual({ esp: [0, 0, 1, 1] });
  });

  it("is forgotten when it is set back, and leaves no file", async () => {
    await life({ patches: [{ fps: 5 }] });
    await life({ patches: [{ fps: 15 }] });
    expect(await readdir(folder)).toEqual([]);
    expect(await life()).toMatchObject({ config: { fps: 15 }, log: [] });
  });

  it("gives way to a configuration that has changed since, for that value alone", async () => {
    await life({ patches: [{ fps: 5 }, { rois: { esp: ROI } }] });
    const { config, log } = await life({ section: { fps: 20 } });
    expect(config).toMatchObject({ fps: 20, rois: { esp: ROI } });
    expect(log).toEqual([
      "the configuration has changed since these were set, and holds: fps",
      `settings from an earlier run: rois.esp; remove ${file()} to forget them`,
    ]);
    expect((await life()).config.fps).toBe(15);
  });

  it("is dropped with one line where it no longer fits, may not change, or is of a camera that is gone", async () => {
    await mkdir(folder, { recursive: true });
    const settings = [
      { path: ["fps"], value: 500, base: 15 },
      { path: ["cameras", "desk", "url"], value: "rtsp://evil/", base: DRAWN.url },
      { path: ["cameras", "desk", "source"], value: "file", base: "drawn" },
      { path: ["cameras", "attic", "roi"], value: ROI },
      { path: ["rois", "esp"], value: ROI },
    ];
    await writeFile(file(), JSON.stringify({ version: 1, settings }));
    const { config, log } = await life();
    expect(config).toEqual({ ...schema.parse({}), rois: { esp: ROI } });
    expect(log).toEqual([
      "fps from an earlier run is dropped: fps is 500, but must be a number of at most 30",
      expect.stringMatching(/^cameras.desk.url from an earlier run is dropped: cameras.desk.url cannot change/),
      expect.stringMatching(/^cameras.desk.source from an earlier run is dropped: cameras.desk.source cannot change/),
      expect.stringMatching(/^cameras.attic.roi from an earlier run is dropped: cameras.attic is no setting/),
      `settings from an earlier run: rois.esp; remove ${file()} to forget them`,
    ]);
    expect((await life()).log).toHaveLength(1);
  });

  it("is dropped where the service could not start with it, and the rest holds", async () => {
    const patches = [{ models: { taught: { folder: "taught-2" } } }, { fps: 5 }];
    await life({ patches });
    const { config, log } = await life({}, async ({ models }) => {
      if (!Array.isArray(models)) throw new ServiceFailure('no bundle "taught-2"');
    });
    expect(config).toMatchObject({ models: ["letters"], fps: 5 });
    expect(log[0]).toBe('models from an earlier run is dropped: no bundle "taught-2"');
  });

  it("is not blamed for a configuration that cannot start by itself", async () => {
    await life({ patches: [{ fps: 5 }] });
    const { config } = await life({}, async () => {
      throw new ServiceFailure("no camera at all");
    });
    expect(config.fps).toBe(5);
  });

  it.each([
    ["no JSON", "{"],
    ["of another make", '{"version":2,"settings":[]}'],
    ["a list of what is no setting", '{"version":1,"settings":[{"path":"fps","value":5}]}'],
  ])("is moved aside when its file is %s", async (_, text) => {
    await mkdir(folder, { recursive: true });
    await writeFile(file(), text);
    const { config, log } = await life();
    expect(config).toEqual(schema.parse({}));
    expect(log).toEqual([`settings from an earlier run are lost: ${file()} is damaged; it is now ${file()}.damaged`]);
    expect(await readdir(folder)).toEqual(["classifier-desk.json.damaged"]);
  });

  it("holds while the service runs where its file cannot be written, with a warning", async () => {
    await writeFile(folder, "not a folder");
    const { log } = await life({ patches: [{ fps: 5 }] });
    expect(log).toContainEqual(expect.stringMatching(/^settings are not kept, a restart forgets them: E/));
    expect(log).toContain("settings changed: fps");
  });

  it("does not keep a service from starting where its file cannot be read", async () => {
    await mkdir(file(), { recursive: true });
    const { config, log } = await life();
    expect(config.fps).toBe(15);
    expect(log).toEqual([`settings from an earlier run are left out: cannot read ${file()}: it is a folder`]);
  });
});
