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

/** The command in a pipeline; `$0` is node and `$1` the launcher. */
function shell(pipeline: string) {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", pipeline, process.execPath, launcher], {
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

it("ends quietly when its reader has seen enough", () => {
  const { stdout, stderr, status } = shell('set -o pipefail; "$0" "$1" models inspect --arch resnet50 | head -1');
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout.split("\n")).toHaveLength(2);
});

it.runIf(process.platform === "linux")("says in one line that its output finds no space", () => {
  const { status, stderr } = shell('"$0" "$1" models inspect --arch resnet50 > /dev/full');
  expect(stderr).toBe("beckon: no space left on the disk; free some and try again\n");
  expect(status).toBe(1);
});

it("keeps its exit code where nobody reads its complaints", () => {
  expect(shell('"$0" "$1" clasify 2>&-').status).toBe(2);
});

it("hands on its words and the exit code", () => {
  const { status, stdout, stderr } = beckon("clasify");
  expect(status).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toContain("clasify");
  expect(stderr).not.toContain("    at ");
});
