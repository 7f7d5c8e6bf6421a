import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

it("is imported without loading an engine: a camera needs none", () => {
  const script = `
    import { register } from "tsx/esm/api";
    register();
    const { importOnnx } = await import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)});
    const loaded = process.report.getReport().sharedObjects;
    console.log(typeof importOnnx, loaded.filter((file) => /onnxruntime|tensorflow/.test(file)).length);
  `;
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd,
    encoding: "utf8",
  });
  expect(stdout + stderr).toBe("function 0\n");
});
