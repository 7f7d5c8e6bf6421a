import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const launcher = fileURLToPath(new URL("./beckon.js", import.meta.url));

/** Runs the command as a shell would, away from the repository. */
function beckon(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, ...words], {
    cwd: tmpdir(),
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

it("runs the command from its sources in any folder, without a build and without a warning", () => {
  expect(beckon("--version")).toEqual({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: "" });
});

it("hands on its words and the exit code", () => {
  const { status, stdout, stderr } = beckon("clasify");
  expect(status).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toContain("clasify");
  expect(stderr).not.toContain("    at ");
});
