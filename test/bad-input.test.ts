import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { captured } from "../packages/cli/src/testing/captured.ts";
import { decodeModel, encodeModel, encodePng, loadBundle } from "../packages/vision/src/index.ts";
import { BLUE, colourModel, plainJpeg, RED, saveColourBundle } from "../packages/vision/src/testing/colour-bundle.ts";

const launcher = fileURLToPath(new URL("../packages/cli/bin/beckon.js", import.meta.url));

let root: string;
let model: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "beckon-bad-"));
  model = await saveColourBundle(root);
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function put(file: string, content: string | Uint8Array): Promise<string> {
  const path = join(root, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

/** One line on stderr that begins as ours do, exit code 1, no stack. */
async function failsInOneLine(words: readonly string[], message: RegExp): Promise<void> {
  const { code, err } = await captured(...words);
  expect(err).toMatch(/^beckon: [^\n]+\n$/);
  expect(err).toMatch(message);
  expect(code).toBe(1);
}

const train = (data: string) => ["train", "--arch", "hand-cnn", "--data", data, "--out", join(root, "run")];

describe("folders that cannot be trained on", () => {
  it("a folder that does not exist", () =>
    failsInOneLine(train(join(root, "nowhere")), /nowhere does not exist: check/));
  it("an empty folder", async () => {
    await mkdir(join(root, "empty"));
    await failsInOneLine(train(join(root, "empty")), /no class folders in .*empty: lay it out as/);
  });
  it("class folders without pictures", async () => {
    await put("bare/A/notes.txt", "no picture");
    await failsInOneLine(train(join(root, "bare")), /no \.jpg or \.png picture in .*bare/);
  });
  it("one class only", async () => {
    await put("one/A/1.jpg", await plainJpeg(RED));
    await put("one/A/2.jpg", await plainJpeg(BLUE));
    await failsInOneLine(train(join(root, "one")), /only the class "A" has pictures: training needs two classes/);
  });
  it("pictures of which none can be read", async () => {
    await put("broken/A/1.jpg", "no picture");
    await put("broken/B/1.png", "none either");
    const folder = join(root, "broken");
    await failsInOneLine(train(folder), /no picture could be read; the first of 2: .*not a JPEG or PNG file/);
  });
  it("an output folder that is a file", async () => {
    await put("two/A/1.jpg", await plainJpeg(RED));
    await put("two/B/1.jpg", await plainJpeg(BLUE));
    const file = await put("a-file", "");
    const words = ["train", "--data", join(root, "two"), "--out", join(file, "run")];
    await failsInOneLine(words, /a-file/);
  });
});

describe("pictures that cannot be read", () => {
  const classify = (file: string) => ["classify", file, "--model", model];

  it("a truncated PNG", async () => {
    const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 256);
    const whole = await encodePng({ width: 64, height: 64, data });
    const file = await put("truncated.png", whole.subarray(0, whole.length >> 1));
    await failsInOneLine(classify(file), /truncated\.png: the file ends early/);
  });
  it("a file that is only called PNG", async () => {
    await failsInOneLine(classify(await put("renamed.png", "GIF89a")), /renamed\.png: not a JPEG or PNG file/);
  });
  it("a JPEG of 20,000 pixels a side, refused by its header alone", async () => {
    const jpeg = Buffer.from(await plainJpeg(RED));
    const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    expect(frame).toBeGreaterThan(0);
    jpeg.writeUInt16BE(20_000, frame + 5);
    jpeg.writeUInt16BE(20_000, frame + 7);
    const file = await put("huge.jpg", jpeg);
    await failsInOneLine(classify(file), /huge\.jpg: 20000x20000 is 400 megapixels, the limit is 50/);
  });
  it("a file that does not exist", () => failsInOneLine(classify(join(root, "gone.jpg")), /gone\.jpg: no such file/));
});

describe("bundles that cannot be used", () => {
  const use = (bundle: string) => ["classify", "any.jpg", "--model", bundle];

  it("a labels file of the wrong length", async () => {
    const bundle = join(root, "labels");
    await cp(model, bundle, { recursive: true });
    await writeFile(join(bundle, "labels.txt"), "red\ngreen\nblue\npink\n");
    await failsInOneLine(use(bundle), /model\.onnx: gives 3 classes, labels\.txt names 4/);
  });
  it("a labels file of the wrong length at import", async () => {
    const onnx = await put("foreign.onnx", colourModel());
    const labels = await put("two-labels.txt", "red\ngreen\n");
    const words = ["--labels", labels, "--name", "foreign", "--out", join(root, "foreign")];
    await failsInOneLine(["models", "import", "--onnx", onnx, ...words], /foreign\.onnx: .*3.*2/);
  });
  it("a wrong sha256", async () => {
    const bundle = join(root, "changed");
    await cp(model, bundle, { recursive: true });
    const file = join(bundle, "model.onnx");
    const bytes = await readFile(file);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(file, bytes);
    await failsInOneLine(
      use(bundle),
      /model\.onnx: sha256 is .*; the file was changed or damaged, copy the bundle again/,
    );
  });
  it("an unknown operator", async () => {
    const { card, labels } = await loadBundle(model);
    const graph = decodeModel(colourModel());
    const nodes = graph.nodes.map((node) => (node.opType === "Gemm" ? { ...node, opType: "Gesture" } : node));
    const onnx = encodeModel({ ...graph, nodes });
    const bundle = await saveColourBundle(join(root, "operator"), { card, labels, onnx });
    await failsInOneLine(use(bundle), /model\.onnx: unknown operator Gesture/);
  });
});

describe("no space left", () => {
  it("while a checkpoint is written: the last good one and the best model stay as they were", async () => {
    for (const [label, colour] of [
      ["red", RED],
      ["blue", BLUE],
    ] as const)
      for (let i = 0; i < 12; i++) await put(`space/${label}/${i}.jpg`, await plainJpeg(colour, 64 + i, 64));
    const out = join(root, "space-run");
    const words = ["train", "--arch", "signs-cnn", "--data", join(root, "space"), "--out", out, "--epochs", "500"];
    const options = { cwd: root, env: { ...process.env, TMPDIR: root } };
    const command = [launcher, ...words, "--batch", "4", "--workers", "1", "--keep-duplicates"];

    const first = spawn(process.execPath, [...command, "--json"], { ...options, stdio: ["ignore", "pipe", "ignore"] });
    const ended = once(first, "exit");
    for await (const line of createInterface({ input: first.stdout }))
      if (JSON.parse(line).type === "epoch") first.kill("SIGINT");
    expect((await ended)[0]).toBe(130);
    const checkpoint = join(out, "last.checkpoint");
    const good = await readFile(checkpoint);

    // A limit on the size of files, in 1024 bytes: enough for the model and the history, too little for a checkpoint.
    const limit = Math.floor(good.length / 1024) - 1;
    const limited = `ulimit -f ${limit}; exec "$@"`;
    const full = spawnSync("bash", ["-c", limited, "bash", process.execPath, ...command, "--resume"], {
      ...options,
      encoding: "utf8",
    });
    expect(full.stderr).toMatch(
      /^beckon: \S*last\.checkpoint was not written: [^\n]+; the checkpoint before it is as it was: make room and go on with --resume\n$/,
    );
    expect(full.status).toBe(1);
    expect(await readFile(checkpoint)).toEqual(good);
    expect((await readdir(out)).filter((name) => name.includes(".tmp"))).toEqual([]);
    expect((await loadBundle(join(out, "best"))).labels).toEqual(["blue", "red"]);
  });
});
