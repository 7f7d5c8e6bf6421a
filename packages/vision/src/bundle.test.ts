import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadBundle, type NewBundle, saveBundle } from "./bundle.ts";
import { BundleError } from "./bundle-error.ts";

let root: string;
let folder: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "beckon-bundle-"));
  folder = join(root, "letters");
});
afterEach(() => rm(root, { recursive: true, force: true }));

function bundle(more: Partial<NewBundle> = {}): NewBundle {
  return {
    card: {
      format: "beckon-model/1",
      name: "letters",
      version: "1.0.0",
      architecture: "own",
      input: {
        width: 96,
        height: 96,
        layout: "NCHW",
        colours: "RGB",
        mean: [0, 0, 0],
        std: [1, 1, 1],
        fit: "stretch",
        kernel: "linear",
      },
      thresholds: { default: 0.5, classes: { A: 0.8 } },
    },
    labels: ["A", "B", "nothing"],
    onnx: Uint8Array.from([1, 2, 3, 4]),
    ...more,
  };
}

async function edit(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(join(folder, file), change(await readFile(join(folder, file), "utf8")));
}

async function refusal(): Promise<string> {
  const error = await loadBundle(folder).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(BundleError);
  return (error as BundleError).message.replace(`${folder}/`, "");
}

describe("a model bundle", () => {
  it("comes back as it was saved", async () => {
    await saveBundle(folder, bundle());
    const loaded = await loadBundle(folder);
    expect(loaded.labels).toEqual(["A", "B", "nothing"]);
    expect([...loaded.onnx]).toEqual([1, 2, 3, 4]);
    expect(loaded.card).toMatchObject(bundle().card);
    expect(loaded.card.sha256.onnx).toMatch(/^9f64a747e1b97f13/);
  });

  it("replaces an older one whole and leaves nothing else behind", async () => {
    await saveBundle(folder, bundle({ addFiles: (fresh) => writeFile(join(fresh, "extra.txt"), "old") }));
    await saveBundle(folder, bundle({ onnx: Uint8Array.from([9]) }));
    expect([...(await loadBundle(folder)).onnx]).toEqual([9]);
    expect((await readdir(folder)).sort()).toEqual(["labels.txt", "model.json", "model.onnx"]);
    expect(await readdir(root)).toEqual(["letters"]);
  });

  it("keeps the older one when writing fails", async () => {
    await saveBundle(folder, bundle());
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    const failing = saveBundle(folder, bundle({ onnx: Uint8Array.from([9]), addFiles: () => Promise.reject(full) }));
    await expect(failing).rejects.toThrow(`${folder}: not written: no space left on the disk; free some and try again`);
    expect([...(await loadBundle(folder)).onnx]).toEqual([1, 2, 3, 4]);
    expect(await readdir(root)).toEqual(["letters"]);
  });

  it("does not take the place of a file, or of a folder with other things in it", async () => {
    await writeFile(folder, "thesis");
    await expect(saveBundle(folder, bundle())).rejects.toThrow(`${folder}: is a file; name a folder`);
    expect(await readFile(folder, "utf8")).toBe("thesis");
    await rm(folder);
    await mkdir(folder);
    await writeFile(join(folder, "model.json"), "another program's");
    await expect(saveBundle(folder, bundle())).rejects.toThrow(`${folder}: holds other files and would be replaced`);
    expect(await readdir(folder)).toEqual(["model.json"]);
  });

  it("is not written when its card or labels are wrong", async () => {
    const { card } = bundle();
    await expect(saveBundle(folder, bundle({ card: { ...card, name: "My Model" } }))).rejects.toThrow(
      /name: found "My Model"/,
    );
    await expect(saveBundle(folder, bundle({ labels: ["A", "A"] }))).rejects.toThrow('line 2 repeats "A" of line 1');
    expect(await readdir(root)).toEqual([]);
  });
});

describe("refusing a bundle", () => {
  beforeEach(() => saveBundle(folder, bundle()));

  it("names a file that is missing", async () => {
    await rm(join(folder, "labels.txt"));
    expect(await refusal()).toBe("labels.txt: no such file or folder");
    await rm(folder, { recursive: true });
    expect(await refusal()).toBe("model.json: no such file or folder");
  });

  it("says when the model is not the one of the card", async () => {
    await writeFile(join(folder, "model.onnx"), Uint8Array.from([1, 2, 3, 5]));
    expect(await refusal()).toMatch(
      /^model.onnx: sha256 is [0-9a-f]{12}\.\.\., model.json says 9f64a747e1b9\.\.\.; .*copy/,
    );
  });

  it("names the key of the card, and what was found", async () => {
    await edit("model.json", (text) => text.replace('"width": 96', '"width": "96"'));
    expect(await refusal()).toMatch(/^model.json: input.width: found "96", .*expected number/);
    await edit("model.json", (text) => text.replace('"width": "96",', ""));
    expect(await refusal()).toMatch(/^model.json: input.width: found nothing, .*expected number/);
    await edit("model.json", () => "{");
    expect(await refusal()).toMatch(/^model.json: not JSON: /);
  });

  it("takes no division by zero", async () => {
    const std = /"std": \[[^\]]*\]/;
    await edit("model.json", (text) => text.replace(std, '"std": [1, 0, 1]'));
    expect(await refusal()).toBe("model.json: input.std.1: found 0, it divides, so it must differ from 0");
  });

  it("names the line of a label that is empty or repeated", async () => {
    await edit("labels.txt", () => "A\n\nB\n");
    expect(await refusal()).toBe("labels.txt: line 2 names no class");
    await edit("labels.txt", () => "A\nB\nA\n");
    expect(await refusal()).toBe('labels.txt: line 3 repeats "A" of line 1');
    await edit("labels.txt", () => "A\n");
    expect(await refusal()).toBe("labels.txt: 1 classes, a classifier needs two or more, one a line");
  });

  it("reads labels that an editor on Windows wrote", async () => {
    await edit("labels.txt", () => "\ufeffA\r\nB\r\nnothing\r\n\r\n");
    expect((await loadBundle(folder)).labels).toEqual(["A", "B", "nothing"]);
  });

  it("takes no value that leaves a picture no digits, and no version that is not one", async () => {
    const mean = /"mean": \[[^\]]*\]/;
    await edit("model.json", (text) => text.replace(mean, '"mean": [1e300, 0, 0]'));
    expect(await refusal()).toMatch(/^model.json: input.mean.0: found 1e\+300, /);
    await edit("model.json", (text) => text.replace(mean, '"mean": [0, 0, 0]').replace('"1.0.0"', '"\\u001b[31m"'));
    expect(await refusal()).toMatch(/^model.json: version: found /);
  });

  it.runIf(process.platform === "linux")(
    "reads no more of a file than it may, where the system gives no size",
    async () => {
      await rm(join(folder, "labels.txt"));
      await symlink("/dev/zero", join(folder, "labels.txt"));
      expect(await refusal()).toBe("labels.txt: larger than the limit of 10 MB");
      await rm(join(folder, "labels.txt"));
      await symlink("labels.txt", join(folder, "labels.txt"));
      expect(await refusal()).toBe("labels.txt: a symbolic link that leads back to itself");
    },
  );

  it("names a threshold without a class", async () => {
    await edit("labels.txt", () => "X\nB\n");
    expect(await refusal()).toBe('model.json: thresholds.classes names "A", which is not in labels.txt');
  });
});
