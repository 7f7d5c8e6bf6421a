import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { now } from "@beckon/runtime";
import { checkPicture, FILE_LIMITS, PictureError, readPictureFile } from "@beckon/vision";
import type { FolderCamera } from "../config.ts";
import { type FrameSource, SourceError } from "../frame-source.ts";
import { pace } from "../pace.ts";
import { fitsOnWire, reencode } from "../reencode.ts";

const PICTURE = /\.(jpe?g|png)$/i;

/**
 * The pictures of a folder in the order of their names (2 before 10), at `fps`. What is put into the folder is seen
 * in the next round.
 */
export const folderFrames: FrameSource<FolderCamera> = async function* (live, { signal, log }) {
  const beat = pace(() => 1000 / live().fps, signal);
  const told = new Set<string>();
  let shown: number;
  do {
    shown = 0;
    for (const name of await picturesOf(live().path)) {
      const jpeg = await readFrame(join(live().path, name), live()).catch((error: unknown) => {
        if (!told.has(name)) log.warn(`${name} is left out: ${reasonOf(error)}`);
        told.add(name);
        return undefined;
      });
      if (!jpeg) continue;
      if ((await beat.next()).done) return;
      shown += 1;
      yield { jpeg, at: now() };
    }
    if (shown === 0) throw new SourceError(`${live().path}: none of its pictures can be read`);
  } while (live().loop && !signal.aborted);
};

async function picturesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new SourceError(`${folder}: no such folder, or it may not be read`, { cause });
  });
  const pictures = names.filter((name) => PICTURE.test(name));
  if (pictures.length === 0) throw new SourceError(`${folder}: no JPEG or PNG in it; put some there`);
  return pictures.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/** A JPEG that may travel passes as it is. */
async function readFrame(file: string, camera: FolderCamera): Promise<Uint8Array> {
  const bytes = await readPictureFile(file, FILE_LIMITS);
  checkPicture(bytes, FILE_LIMITS);
  return fitsOnWire(bytes) ? bytes : reencode(bytes, camera);
}

function reasonOf(error: unknown): string {
  if (error instanceof PictureError) return error.message;
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
