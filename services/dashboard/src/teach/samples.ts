import { constants, type Dirent } from "node:fs";
import { open, readdir, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Name } from "@beckon/protocol";
import { WIRE_LIMITS } from "@beckon/vision";
import { diskRefusal, Refused } from "./refusal.ts";
import { folded, GestureName, OTHERS, PictureName, type Recording, RecordingId } from "./teach-api.ts";

/**
 * The folder of all recordings, as `beckon train` reads it: `<recording>/<gesture>/<recording>-0001.jpg`, so that to the
 * trainer a recording is a source. It is the only truth: nothing is remembered, and pictures that `beckon collect` put
 * there are recordings as well. What does not have a name as in teach-api.ts, or is a symbolic link, is not seen; a name
 * from outside becomes part of a path only after it was found in a listing.
 */
export class Samples {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Newest last; without those that hold no picture. */
  async list(): Promise<Recording[]> {
    const ids = await foldersIn(this.folder, (name) => RecordingId.safeParse(name).success);
    const found = await Promise.all(ids.map((id) => this.#recordingsOf(id)));
    return found.flat().sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
  }

  /** The name under which a gesture goes here: that of one which differs in nothing but case or Unicode form. */
  async nameOf(gesture: string): Promise<string> {
    const ids = await foldersIn(this.folder, (name) => RecordingId.safeParse(name).success);
    const names = (await Promise.all(ids.map((id) => gesturesIn(join(this.folder, id))))).flat();
    return [OTHERS, ...names].find((name) => folded(name) === folded(gesture)) ?? gesture;
  }

  /** @throws Refused 404 */
  async picture(id: string, picture: string): Promise<Uint8Array<ArrayBuffer>> {
    return readPlain(join(this.folder, id, await this.#gestureOf(id, picture), picture));
  }

  /** With its last picture a recording is gone. @throws Refused 404 */
  async removePicture(id: string, picture: string): Promise<void> {
    const gesture = await this.#gestureOf(id, picture);
    await this.#removing(() => rm(join(this.folder, id, gesture, picture)));
    if ((await picturesIn(join(this.folder, id, gesture))).length === 0) await this.#removeWhole(id, gesture);
  }

  /** @throws Refused 404, or 409 where the folder holds several gestures and none is named */
  async removeRecording(id: string, gesture: string | undefined): Promise<void> {
    const own = (await this.list()).filter((recording) => recording.id === id);
    const named = gesture === undefined ? own : own.filter((one) => folded(one.gesture) === folded(gesture));
    const [first, second] = named;
    if (first === undefined) throw new Refused(404, "there is no such recording");
    if (second !== undefined)
      throw new Refused(409, `${id} holds several gestures: say which of them is to go with ?gesture=`);
    await this.#removeWhole(id, first.gesture);
  }

  /** @throws Refused 404 */
  async removeGesture(gesture: string): Promise<void> {
    const own = (await this.list()).filter((recording) => folded(recording.gesture) === folded(gesture));
    if (own.length === 0) throw new Refused(404, "there is no such gesture");
    for (const recording of own) await this.#removeWhole(recording.id, recording.gesture);
  }

  async #recordingsOf(id: string): Promise<Recording[]> {
    const gestures = await gesturesIn(join(this.folder, id));
    const found = gestures.map(async (gesture) => {
      const pictures = await picturesIn(join(this.folder, id, gesture));
      if (pictures.length === 0) return [];
      return [{ id, gesture, ...(await originOf(join(this.folder, id), id, pictures)), pictures }];
    });
    return (await Promise.all(found)).flat();
  }

  /** What a picture shows; by listings alone, so that only names that are there become a path. */
  async #gestureOf(id: string, picture: string): Promise<string> {
    const known = await foldersIn(this.folder, (name) => name === id && RecordingId.safeParse(name).success);
    for (const found of known)
      for (const gesture of await gesturesIn(join(this.folder, found)))
        if ((await picturesIn(join(this.folder, found, gesture))).includes(picture)) return gesture;
    throw new Refused(404, "there is no such picture");
  }

  /** A gesture of a recording, and the recording with its last gesture. */
  async #removeWhole(id: string, gesture: string): Promise<void> {
    const folder = join(this.folder, id);
    await this.#removing(async () => {
      await rm(join(folder, gesture), { recursive: true, force: true });
      const left = await readdir(folder);
      if (left.every((name) => name === NOTES)) {
        await rm(join(folder, NOTES), { force: true });
        await rmdir(folder);
      }
    });
  }

  async #removing(remove: () => Promise<void>): Promise<void> {
    try {
      await remove();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw diskRefusal(error, this.folder);
    }
  }
}

/** Of a `Collection`, beside its pictures. */
const NOTES = ".sessions.jsonl";

function gesturesIn(folder: string): Promise<string[]> {
  return foldersIn(folder, (name) => GestureName.safeParse(name).data === name.normalize("NFC"));
}

async function picturesIn(folder: string): Promise<string[]> {
  const entries = await entriesOf(folder);
  return namesOf(entries, (entry) => entry.isFile() && PictureName.safeParse(entry.name).success);
}

async function foldersIn(folder: string, fits: (name: string) => boolean): Promise<string[]> {
  return namesOf(await entriesOf(folder), (entry) => entry.isDirectory() && fits(entry.name));
}

function namesOf(entries: readonly Dirent[], fits: (entry: Dirent) => boolean): string[] {
  return entries
    .filter(fits)
    .map(({ name }) => name)
    .sort();
}

/** A folder that is not there, or went meanwhile, holds nothing. @throws Refused 500 on one that may not be read */
async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw diskRefusal(error, folder);
  }
}

/** As a `Collection` names its pictures: `desk-20261121t104503-0001.jpg`, in UTC. */
const STAMP = /^(.+)-(\d{4})(\d\d)(\d\d)t(\d\d)(\d\d)(\d\d)(?:-|$)/;

/** The camera and the time of a recording, by its name, or that of its newest picture; else when its folder changed. */
async function originOf(
  folder: string,
  id: string,
  pictures: readonly string[],
): Promise<Pick<Recording, "camera" | "startedAt">> {
  for (const name of [id, pictures.at(-1) ?? ""]) {
    const [, camera = "", ...parts] = STAMP.exec(name) ?? [];
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map(Number);
    const startedAt = Date.UTC(year, month - 1, day, hour, minute, second);
    if (Name.safeParse(camera).success) return { camera, startedAt };
  }
  const { mtimeMs = 0 } = (await stat(folder).catch(() => undefined)) ?? {};
  return { camera: "", startedAt: Math.round(mtimeMs) };
}

/** @throws Refused 404 when it is gone, or has become something else than a file since it was listed */
async function readPlain(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)).catch(
    (error: unknown) => {
      throw new Refused(404, "there is no such picture", { cause: error });
    },
  );
  try {
    const { size } = await handle.stat();
    if (size > WIRE_LIMITS.bytes) throw new Refused(413, `a picture of ${size} bytes is not shown`);
    return new Uint8Array(await handle.readFile());
  } finally {
    await handle.close();
  }
}
