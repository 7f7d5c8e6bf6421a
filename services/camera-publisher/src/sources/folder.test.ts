import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkPicture, encodePng, WIRE_LIMITS } from "@beckon/vision";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CameraPublisherConfig, type FolderCamera } from "../config.ts";
import { colourJpeg, noiseJpeg } from "../testing/pictures.ts";
import { sourceContext } from "../testing/source-context.ts";
import { folderFrames } from "./folder.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "beckon-folder-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function read(section: Record<string, unknown> = {}, most = 100) {
  const { cameras } = CameraPublisherConfig.parse({
    cameras: { desk: { source: "folder", path: folder, fps: 120, loop: false, ...section } },
  });
  const { context, said } = sourceContext();
  const frames = (async () => {
    const all: Uint8Array[] = [];
    for await (const { jpeg } of folderFrames(() => cameras["desk"] as FolderCamera, context))
      if (all.push(jpeg) === most) break;
    return all;
  })();
  return { frames, said };
}

describe("a folder of pictures", () => {
  it("is shown once in the order of the names, 2 before 10, its JPEGs byte for byte", async () => {
    const pictures = await Promise.all([1, 2, 10].map((red) => colourJpeg(20, 10, [20 * red, 0, 0])));
    for (const [index, name] of ["a1.jpg", "a2.JPEG", "a10.jpg"].entries())
      await writeFile(join(folder, name), pictures[index] as Uint8Array);
    await writeFile(join(folder, "notes.txt"), "no picture");
    expect(await read().frames).toEqual(pictures);
  });

  it("is shown again and again", async () => {
    await writeFile(join(folder, "a.jpg"), await colourJpeg(20, 10, [20, 0, 0]));
    expect(await read({ loop: true }, 5).frames).toHaveLength(5);
  });

  it("makes frames of PNGs and of JPEGs that are too large for the wire", async () => {
    await writeFile(join(folder, "1.png"), await encodePng({ width: 10, height: 10, data: new Uint8Array(300) }));
    await writeFile(join(folder, "2.jpg"), await noiseJpeg(2000, 1500, 50));
    const frames = await read().frames;
    expect(frames).toHaveLength(2);
    for (const frame of frames) expect(checkPicture(frame, WIRE_LIMITS)).toMatchObject({ width: 640, height: 480 });
  });

  it("leaves out what cannot be read, and says so once", async () => {
    await writeFile(join(folder, "1.jpg"), "no picture");
    await writeFile(join(folder, "2.jpg"), await colourJpeg(20, 10, [20, 0, 0]));
    const { frames, said } = read({ loop: true }, 3);
    expect(await frames).toHaveLength(3);
    expect(said).toEqual(["1.jpg is left out: not a JPEG or PNG file"]);
  });

  it("that is absent, empty or without one good picture is a failure that says so", async () => {
    await expect(read().frames).rejects.toThrow(/no JPEG or PNG in it; put some there/);
    await writeFile(join(folder, "1.jpg"), "no picture");
    await expect(read().frames).rejects.toThrow(/none of its pictures can be read/);
    await expect(read({ path: join(folder, "absent") }).frames).rejects.toThrow(/no such folder/);
  });
});
