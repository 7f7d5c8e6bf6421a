import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "@beckon/runtime/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { childFrames, type FrameProgram } from "./child-frames.ts";
import { SourceError } from "./frame-source.ts";
import { descendants } from "./testing/children.ts";
import { type FakePrograms, fakePrograms } from "./testing/fake-programs.ts";
import { colourJpeg, noiseJpeg } from "./testing/pictures.ts";
import { sourceContext } from "./testing/source-context.ts";

let programs: FakePrograms;
let jpeg: Uint8Array;

beforeAll(async () => {
  programs = await fakePrograms();
  jpeg = await colourJpeg(16, 16, [0, 0, 255]);
  await writeFile(join(programs.folder, "picture.jpg"), jpeg);
});

afterAll(() => programs.remove());

const WRITE = `process.stdout.write(require("node:fs").readFileSync(__dirname + "/picture.jpg"));`;

async function program(script: string, finite = false): Promise<FrameProgram> {
  await programs.add("camera-program", script);
  return { program: join(programs.folder, "camera-program"), args: [], finite };
}

/** @returns how many frames came, and how it ended */
async function read(from: FrameProgram): Promise<{ frames: number; error: unknown }> {
  let frames = 0;
  try {
    for await (const _ of childFrames(from, sourceContext().context)) frames += 1;
    return { frames, error: undefined };
  } catch (error) {
    return { frames, error };
  }
}

describe("a program that captures", () => {
  it("that dies is a failure with its last line, without control characters and credentials", async () => {
    const from = await program(
      `${WRITE} console.error("warming up\\n\\u001b[31mrtsp://me:secret@camera/: connection lost\\n\\n"); process.exitCode = 3;`,
    );
    const { frames, error } = await read(from);
    expect(frames).toBe(1);
    expect(error).toBeInstanceOf(SourceError);
    expect((error as Error).message).toBe("camera-program ended: [31mrtsp://camera/: connection lost");
  });

  it("that dies without a word is a failure with its exit code", async () => {
    const { error } = await read(await program("process.exitCode = 7;"));
    expect((error as Error).message).toBe("camera-program ended: exit code 7");
  });

  it("that ends although a camera does not end is a failure too", async () => {
    expect((await read(await program(WRITE))).error).toBeInstanceOf(SourceError);
  });

  it("that has shown its whole video ends the stream", async () => {
    expect(await read(await program(WRITE, true))).toEqual({ frames: 1, error: undefined });
  });

  it("that cannot be started is a failure", async () => {
    const { error } = await read({ program: join(programs.folder, "absent"), args: [], finite: false });
    expect((error as Error).message).toMatch(/^absent ended: .*ENOENT/);
  });

  it("that will not go is killed", async () => {
    const from = await program(`process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); ${WRITE}`);
    const stop = new AbortController();
    for await (const _ of childFrames(from, sourceContext(stop.signal).context)) stop.abort();
    await eventually(() => descendants().length === 0);
  });

  it("that talks without end costs no memory, and its last words are kept", async () => {
    const { error } = await read(
      await program(`for (let i = 0; i < 20000; i++) console.error("line " + i); process.exitCode = 1;`),
    );
    expect((error as Error).message).toBe("camera-program ended: line 19999");
  });

  it("whose pictures are all too large is told so", async () => {
    const large = await noiseJpeg(1600, 1200);
    expect(large.length).toBeGreaterThan(2_000_000);
    await writeFile(join(programs.folder, "large.jpg"), large);
    const { frames, error } = await read(
      await program(`process.stdout.write(require("node:fs").readFileSync(__dirname + "/large.jpg"));`),
    );
    expect(frames).toBe(0);
    expect((error as Error).message).toBe("camera-program ended: all 1 pictures above 2000000 bytes");
  });
});
