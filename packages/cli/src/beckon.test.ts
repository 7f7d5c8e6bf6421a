import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GREEN, GREY, plainJpeg, RED, saveColourBundle } from "@beckon/vision/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { captured } from "./testing/captured.ts";

let root: string;
let model: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "beckon-cli-"));
  model = await saveColourBundle(root);
  for (const [file, colour] of Object.entries({
    "test/seen/red/1.jpg": RED,
    "test/seen/blue/1.jpg": GREEN,
    "test/new/red/1.jpg": RED,
    "test/new/green/2.jpg": GREEN,
    "test/new/pink/1.jpg": RED,
    "grey.jpg": GREY,
  })) {
    await mkdir(join(root, file, ".."), { recursive: true });
    await writeFile(join(root, file), await plainJpeg(colour));
  }
  await writeFile(join(root, "test/new/green/10.jpg"), "no picture");
});
afterAll(() => rm(root, { recursive: true }));

describe("beckon", () => {
  it("lists its commands, and says how each is used", async () => {
    const help = await captured("--help");
    expect(help).toMatchObject({ code: 0, err: "" });
    for (const name of ["train", "evaluate", "classify", "models", "up", "watch", "collect", "relay"])
      expect(help.out).toMatch(RegExp(` ${name} `));
    expect(help.out).not.toContain("\u001b");
    expect((await captured("models", "import", "--help")).out).toContain("USAGE beckon models import");
    expect(await captured("help", "classify")).toEqual(await captured("classify", "-h"));
  });
  it("shows the recipe of every architecture in the help of train", async () => {
    const { out } = await captured("train", "--help");
    const { architectures } = await import("@beckon/training");
    for (const { name } of architectures) expect(out).toMatch(RegExp(`^  ${name}  \\d+x\\d+: `, "m"));
    expect(out).toMatch(/hand-cnn.*\n.*25 epochs of batch 16 and 20 steps, Adam 0\.00005/);
  });
  it.each([
    [["trian"], /^beckon: unknown command "trian"; did you mean train\?\n$/],
    [["models", "inspct"], /^beckon: unknown command "inspct"; did you mean inspect\?\n$/],
    [["models", "constructor"], /^beckon: unknown command "constructor"; .*list, inspect, import, export\n$/],
    [["--jsn"], /^beckon: unknown flag "--jsn".*\n$/],
    [
      ["train", "--epoch", "2"],
      /^beckon: unknown flag --epoch; did you mean --epochs\? \(see beckon train --help\)\n$/,
    ],
    [["classify", "--mode", "x"], /^beckon: unknown flag --mode; did you mean --model\?.*\n$/],
    [["classify"], /^beckon: <picture> is missing.*\n$/],
    [["classify", "x.jpg", "--roi", "0.5,0,0.6,1"], /^beckon: --roi "0.5,0,0.6,1": .*\n$/],
    [["evaluate", "--model", "x"], /^beckon: no pictures were named.*\n$/],
    [["evaluate", "--model", "x", "--data", "y", "--note", "n"], /^beckon: --note needs --record <name>.*\n$/],
    [["models", "inspect", "letters", "--side", "64"], /^beckon: --side belongs to --arch.*\n$/],
    [["models", "inspect"], /^beckon: name one thing to inspect.*\n$/],
    [["train", "--data", "x", "--arch", "hand-cnn", "--width", "5"], /^beckon: --width.*64 to 4096.*\n$/],
    [["up", "--camera", "webcam"], /^beckon: --camera "webcam": auto, synthetic, .* is wanted .*\n$/],
    [["watch", "--set", "prefix"], /^beckon: --set "prefix": key=value is wanted.*\n$/],
    [["collect", "--label", "../x"], /^beckon: --label "..\/x": letters, digits.*\n$/],
    [["collect", "--label", "A", "--every", "soon"], /^beckon: --every "soon": a time is wanted.*\n$/],
  ])("refuses %j in one line", async (words, message) => {
    const { code, out, err } = await captured(...words);
    expect(err).toMatch(message);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });
});

describe("beckon classify", () => {
  it("names pictures and folders of them, the second best in brackets", async () => {
    const { code, out } = await captured("classify", join(root, "test/seen"), join(root, "grey.jpg"), "--model", model);
    expect(code).toBe(0);
    const [first, second, third] = out.split("\n");
    expect(first).toMatch(/blue\/1\.jpg {2}green {2}1\.00 {2}\((red|blue) 0\.00, (red|blue) 0\.00\)$/);
    expect(second).toMatch(/red\/1\.jpg {2}red {2}1\.00/);
    expect(third).toMatch(/grey\.jpg {2}unknown {2}0\.33 {2}\(\w+ 0\.33, \w+ 0\.33, \w+ 0\.33\)$/);
  });
  it("goes on after a picture that cannot be read, and fails in the end", async () => {
    const { code, out, err } = await captured("classify", join(root, "test/new"), "--model", model, "--json");
    expect(code).toBe(1);
    expect(err).toBe(`beckon: ${join(root, "test/new/green/10.jpg")}: not a JPEG or PNG file\n`);
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ label }) => label)).toEqual(["green", "red", "red"]);
    expect(lines[0].top).toHaveLength(3);
  });
  it("looks at links to pictures, names what else a folder holds under such names, and waits for no pipe", async () => {
    const folder = join(root, "odd");
    await mkdir(join(folder, "folder"), { recursive: true });
    await symlink(join(root, "grey.jpg"), join(folder, "1.jpg"));
    await symlink("folder", join(folder, "2.jpg"));
    await symlink("3.jpg", join(folder, "3.jpg"));
    spawnSync("bash", ["-c", 'mkfifo "$0"', join(folder, "4.jpg")]);
    const { code, out, err } = await captured("classify", folder, "--model", model);
    expect(out).toMatch(/^.*1\.jpg {2}unknown .*\n$/);
    expect(err).toBe(
      `beckon: ${join(folder, "2.jpg")}: a folder, not a file\n` +
        `beckon: ${join(folder, "3.jpg")}: a symbolic link that leads back to itself\n`,
    );
    expect(code).toBe(1);
  });
  it("shows as many of the best classes as asked for", async () => {
    const { out } = await captured("classify", join(root, "grey.jpg"), "--model", model, "--top", "1", "--json");
    expect(JSON.parse(out).top).toHaveLength(1);
  });
  it("names a model that is not there, and a folder without pictures", async () => {
    expect(await captured("classify", "x.jpg", "--model", "nosuch")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^beckon: there is no model "nosuch".*\n$/),
    });
    expect(await captured("classify", model, "--model", model)).toMatchObject({
      code: 1,
      err: `beckon: no .jpg or .png picture in ${model}: check the path\n`,
    });
  });
});

describe("beckon evaluate", () => {
  it("prints accuracy per source, their mean with an interval, and what a reader must know", async () => {
    const { code, out, err } = await captured("evaluate", "--model", model, "--data", join(root, "test"), "--json");
    expect(code).toBe(0);
    const { macro, sources, leftOut, sharedSources } = JSON.parse(out);
    expect(sources).toMatchObject([
      { name: "seen", accuracy: 0.5, count: 2 },
      { name: "new", accuracy: 1, count: 2 },
    ]);
    expect(macro.accuracy).toBe(0.75);
    expect(macro.low).toBeLessThan(macro.high);
    expect({ leftOut, sharedSources }).toEqual({ leftOut: { pink: 1 }, sharedSources: ["seen"] });
    expect(err).toContain("warning: The model was trained on 1 of the 2 sources of this test (seen)");
    expect(err).toContain("problem: left out ");
  });
  it("prints tables and writes a page", async () => {
    const report = join(root, "report.html");
    const { code, out } = await captured(
      "evaluate",
      "--model",
      model,
      "--data",
      join(root, "test"),
      "--report",
      report,
    );
    expect(code).toBe(0);
    expect(out).toContain("Accuracy, mean over 2 sources: 75.0 %");
    expect(out).toContain(`Report: ${report}`);
  });
  it("asks for the report's folder before the work, and prints the result before it writes", async () => {
    const words = ["evaluate", "--model", model, "--data", join(root, "test")];
    expect(await captured(...words, "--report", join(root, "nowhere/report.html"))).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringMatching(/^beckon: --report .*: there is no folder .*nowhere\n$/),
    });
    expect(await captured(...words, "--report", root)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^beckon: --report .*: is a folder; name a file in it.*\n$/),
    });
  });
  it("leaves out what is also in another folder, says how many, and records the result on the card", async () => {
    const bundle = await saveColourBundle(join(root, "recorded"));
    const words = ["evaluate", "--model", bundle, "--data", join(root, "test"), "--record", "test"];
    const { code, out } = await captured(...words);
    expect(code).toBe(0);
    expect(out).toContain('Recorded as "test" in ');
    await mkdir(join(root, "lent/red"), { recursive: true });
    await writeFile(join(root, "lent/red/1.jpg"), await readFile(join(root, "test/new/red/1.jpg")));
    await writeFile(join(root, "lent/red/2.jpg"), await readFile(join(root, "test/seen/red/1.jpg")));
    const json = await captured(...words, "--unlike", join(root, "lent"), "--note", "on plain colours", "--json");
    expect(JSON.parse(json.out)).toMatchObject({ alike: 2, micro: { count: 2 } });
    const { evaluations } = JSON.parse(await readFile(join(bundle, "model.json"), "utf8"));
    expect(evaluations).toMatchObject([
      {
        data: "test",
        sharesSources: true,
        sources: [
          { name: "seen", accuracy: 0, count: 1 },
          { name: "new", accuracy: 1, count: 1 },
        ],
        note: expect.stringMatching(
          /^on plain colours; left out 2 pictures that are also or nearly in .*\/lent; classes left out.*: pink \(1\)$/,
        ),
      },
    ]);
  });
});

describe("beckon models", () => {
  it("lists bundles, the broken ones with what is wrong", async () => {
    const broken = await saveColourBundle(join(root, "broken"));
    await writeFile(join(broken, "model.onnx"), "changed");
    expect((await captured("models", "list", "--folder", root)).out).toMatch(/colours +1\.0\.0 +imported +3 +16x16/);
    const { code, out } = await captured("models", "list", "--folder", join(root, "broken"));
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining("sha256") });
  });
  it("shows a card, and the layers of an architecture with its authors' number of parameters", async () => {
    expect((await captured("models", "inspect", model)).out).toContain("3: red green blue");
    const { out } = await captured("models", "inspect", "--arch", "resnet50");
    expect(out).toMatch(/parameters +23,600,006\n.*\nnot trainable +53,120\n/);
  });
  it("shows a card that would drive the terminal as plain text", async () => {
    const bundle = await saveColourBundle(join(root, "hostile"));
    const card = JSON.parse(await readFile(join(bundle, "model.json"), "utf8"));
    card.summary = "\u001b]0;owned\u0007\nfolder  /elsewhere";
    await writeFile(join(bundle, "model.json"), JSON.stringify(card));
    const { out } = await captured("models", "inspect", bundle);
    expect(out).toContain("colours 1.0.0: \ufffd]0;owned\ufffd folder  /elsewhere\n");
    expect(JSON.parse((await captured("models", "inspect", bundle, "--json")).out).summary).toBe(card.summary);
  });
  it("exports over no bundle", async () => {
    const before = await readFile(join(model, "model.json"), "utf8");
    expect(await captured("models", "export", model, "--to", "onnx", "--out", model)).toMatchObject({
      code: 1,
      err: `beckon: ${model} holds a model bundle, whose files would be replaced: name another folder\n`,
    });
    expect(await readFile(join(model, "model.json"), "utf8")).toBe(before);
  });
  it("imports an ONNX file, telling every guess, and exports it again", async () => {
    const { colourModel } = await import("@beckon/vision/testing");
    const file = join(root, "foreign.onnx");
    await writeFile(file, colourModel());
    await writeFile(join(root, "labels.txt"), "r\ng\nb\n");
    const bundle = join(root, "imported");
    const words = ["--labels", join(root, "labels.txt"), "--name", "foreign", "--out", bundle, "--scale", "0..1"];
    const imported = await captured("models", "import", "--onnx", file, ...words);
    expect(imported).toMatchObject({ code: 0, err: "" });
    expect(imported.out).toMatch(/scale: 0\.\.1, as asked/);
    expect(imported.out).toMatch(/--fit changes it|fit/);
    expect((await captured("classify", join(root, "test/seen/red/1.jpg"), "--model", bundle)).out).toMatch(
      / {2}r {2}1\.00/,
    );
    const exported = await captured("models", "export", bundle, "--to", "onnx", "--out", join(root, "exported"));
    expect(exported).toMatchObject({ code: 0, err: "" });
    expect(await captured("models", "export", bundle, "--to", "tfjs", "--out", join(root, "t"))).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^beckon: foreign is not of an architecture of ours.*\n$/),
    });
  });
});
