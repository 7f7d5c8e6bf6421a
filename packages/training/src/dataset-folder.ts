import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";

/** A folder of pictures as the user names it. */
export interface DataInput {
  /** Laid out `<source>/<class>/*` or plain `<class>/*`. */
  readonly folder: string;
  /** Every picture below the folder gets this class, whatever the name of its own folder. */
  readonly as?: string;
}

/** Something about the data that a user should read before training starts. */
export interface Problem {
  readonly kind: "empty-class" | "extension" | "misplaced" | "unreadable" | "too-large" | "left-out" | "unused-drop";
  /** File or folder that it is about; the entry itself for `unused-drop`. */
  readonly path: string;
  /** One line: what, where, and what was done. */
  readonly message: string;
}

/** Data that cannot be used; the message is one line for the user: what, where, what to do. */
export class DatasetError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DatasetError";
  }
}

/** One folder that holds pictures of one class from one source. */
export interface ClassFolder {
  readonly path: string;
  readonly source: string;
  /** Name of the folder; undefined where pictures lie directly in a folder that was given a class with `as`. */
  readonly name: string | undefined;
  /** Full paths of the pictures, in natural order. */
  readonly pictures: readonly string[];
}

const PICTURE = new Set([".jpg", ".jpeg", ".png"]);
const LAYOUT = "lay it out as <source>/<class>/*.jpg or <class>/*.jpg";
const collator = new Intl.Collator("en", { numeric: true });

/** Compares names as people do: `IMG_9` before `IMG_10`. Names that differ never compare as equal. */
export function naturalOrder(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

/**
 * Reads `letters/train` or `hand-others/train=nothing`: a folder, and the class that all its pictures get.
 *
 * @throws DatasetError when nothing stands on one of the sides of the sign
 */
export function parseDataInput(text: string): DataInput {
  const at = text.lastIndexOf("=");
  if (at < 0 || /[\\/]/.test(text.slice(at))) return { folder: text };
  const folder = text.slice(0, at);
  const as = text.slice(at + 1);
  if (folder === "" || as === "")
    throw new DatasetError(`"${text}" names no folder or no class: write <folder> or <folder>=<class>`);
  return { folder, as };
}

/**
 * Finds the class folders of one input. It is laid out `<source>/<class>/*` when a folder in it holds folders;
 * else it is plain, and its own name is the single source. Hidden files and folders are passed over.
 *
 * @returns class folders in natural order, empty ones too, and what was skipped
 * @throws DatasetError when the folder is missing, is a file, cannot be read, or holds no folders to read
 */
export async function listClassFolders(input: DataInput): Promise<{ folders: ClassFolder[]; problems: Problem[] }> {
  const root = await listing(input.folder);
  const source = basename(resolve(input.folder));
  const problems: Problem[] = [];
  const children = await Promise.all(root.folders.map((name) => listing(join(input.folder, name))));
  const folders: ClassFolder[] = [];
  if (input.as !== undefined && root.files.length > 0)
    folders.push(classFolder(input.folder, source, undefined, root, problems));
  else if (root.files.length > 0 && root.folders.length > 0) problems.push(misplaced(input.folder, root.files));
  if (root.folders.length === 0 && folders.length === 0)
    throw new DatasetError(`no class folders in ${input.folder}: ${LAYOUT}`);

  const bySource = children.some((child) => child.folders.length > 0);
  for (const [index, name] of root.folders.entries()) {
    const path = join(input.folder, name);
    const child = children[index] as Listing;
    if (!bySource) {
      folders.push(classFolder(path, source, name, child, problems));
      continue;
    }
    if (child.files.length > 0) problems.push(misplaced(path, child.files));
    for (const label of child.folders) {
      const inner = join(path, label);
      folders.push(classFolder(inner, name, label, await listing(inner), problems));
    }
  }
  return { folders, problems };
}

interface Listing {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

async function listing(folder: string): Promise<Listing> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw new DatasetError(`${folder} ${whyUnreadable(error)}`, { cause: error });
  }
  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    if (await isFolder(folder, entry)) folders.push(entry.name);
    // A pipe or a device would be waited for without end.
    else if (entry.isFile() || entry.isSymbolicLink()) files.push(entry.name);
  }
  return { files: files.sort(naturalOrder), folders: folders.sort(naturalOrder) };
}

async function isFolder(parent: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  const target = await stat(join(parent, entry.name)).catch(() => undefined);
  return target?.isDirectory() ?? false;
}

function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "does not exist: check the path of the data";
  if (code === "ENOTDIR") return `is not a folder: give the folder of the pictures, and ${LAYOUT}`;
  if (code === "EACCES" || code === "EPERM") return "must not be read by this user: change its permissions";
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}

function classFolder(
  path: string,
  source: string,
  name: string | undefined,
  { files, folders }: Listing,
  problems: Problem[],
): ClassFolder {
  const pictures = files.filter(isPicture).map((file) => join(path, file));
  const others = files.filter((file) => !isPicture(file));
  if (others.length > 0) {
    const message = `skipped ${firstOf(others, path)}: only .jpg, .jpeg and .png are read`;
    problems.push({ kind: "extension", path, message });
  }
  if (name !== undefined && folders.length > 0) {
    const message = `skipped ${firstOf(folders, path)}: folders inside a class folder are not read`;
    problems.push({ kind: "misplaced", path, message });
  }
  return { path, source, name, pictures };
}

function isPicture(file: string): boolean {
  return PICTURE.has(extname(file).toLowerCase());
}

function misplaced(folder: string, files: readonly string[]): Problem {
  const message = `skipped ${firstOf(files, folder)}: it lies in no class folder`;
  return { kind: "misplaced", path: folder, message };
}

/** Names the first and counts the rest: a folder of ten thousand bitmaps is one line. */
function firstOf(names: readonly string[], folder: string): string {
  const first = join(folder, names[0] ?? "");
  return names.length === 1 ? first : `${first} and ${names.length - 1} more`;
}
