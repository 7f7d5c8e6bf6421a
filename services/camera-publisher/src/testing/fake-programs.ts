import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** Programs of a test's own, found before those of the system. */
export interface FakePrograms {
  readonly folder: string;
  /** @param script JavaScript (CommonJS) that the program runs; `process.argv.slice(2)` are its arguments */
  add(name: string, script: string): Promise<void>;
  /** From here on only they are found, or with `false` the system's too. */
  alone(alone: boolean): void;
  remove(): Promise<void>;
}

export async function fakePrograms(): Promise<FakePrograms> {
  const folder = await mkdtemp(join(tmpdir(), "beckon-programs-"));
  const before = process.env["PATH"] ?? "";
  const find = (alone: boolean): void => {
    process.env["PATH"] = alone ? folder : `${folder}${delimiter}${before}`;
  };
  find(false);
  return {
    folder,
    add: async (name, script) => {
      const file = join(folder, name);
      await writeFile(file, `#!${process.execPath}\n${script}\n`);
      await chmod(file, 0o755);
    },
    alone: find,
    remove: async () => {
      process.env["PATH"] = before;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
