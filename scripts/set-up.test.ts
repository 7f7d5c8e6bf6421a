import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PACKAGE_OF_PROGRAM } from "../packages/runtime/src/testing/debian.ts";
import { checkNode, debianPackagesForTests, installationNeeded, missingDebianPackages } from "./set-up.mjs";

const lock = (packages: object) => JSON.stringify({ name: "clone", lockfileVersion: 3, packages });

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "beckon-set-up-"));
  write("package.json", JSON.stringify({ name: "clone", engines: { node: ">=20.19" } }));
  write("package-lock.json", lock({ "": { name: "clone" } }));
  write("services/dashboard/build.mjs", "");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe("the Node version", () => {
  it("passes from the required version on", () => {
    for (const version of ["20.19.0", "20.20.2", "22.0.0", "100.1.0"]) checkNode(version, ">=20.19");
  });

  it("is refused below it, with what was found and what is needed", () => {
    for (const version of ["20.18.3", "18.20.4"])
      expect(() => checkNode(version, ">=20.19")).toThrow(`Node ${version} is too old: Beckon needs 20.19 or newer.`);
  });
});

describe("an installation is needed", () => {
  const wanted = { version: "1.2.3", integrity: "sha512-a" };

  function installed(here: object, inLock: object): string | undefined {
    write("package-lock.json", lock({ "": {}, ...inLock }));
    write("node_modules/.package-lock.json", lock(here));
    return installationNeeded(root);
  }

  it("when there is no node_modules", () => {
    expect(installationNeeded(root)).toBe("node_modules is missing");
  });

  it("when npm was interrupted, which leaves no list of what is installed", () => {
    mkdirSync(join(root, "node_modules"));
    expect(installationNeeded(root)).toBe("an earlier installation did not finish");
  });

  it("when a package is missing, superfluous or of another version", () => {
    const other = { ...wanted, version: "1.2.4" };
    expect(installed({}, { "node_modules/a": wanted })).toBe("not as in package-lock.json: a");
    expect(installed({ "node_modules/a": wanted }, {})).toBe("not as in package-lock.json: a");
    expect(installed({ "node_modules/@b/a": other }, { "node_modules/@b/a": wanted })).toBe(
      "not as in package-lock.json: @b/a",
    );
  });

  it("when a package of the workspace gained a command", () => {
    const cli = { version: "0.1.0" };
    expect(installed({ "packages/cli": cli }, { "packages/cli": { ...cli, bin: { beckon: "bin" } } })).toBe(
      "not as in package-lock.json: packages/cli",
    );
  });

  it("not when only packages for other platforms are absent", () => {
    const elsewhere = { version: "1.0.0", optional: true };
    expect(
      installed({ "node_modules/a": wanted }, { "node_modules/a": wanted, "node_modules/darwin": elsewhere }),
    ).toBeUndefined();
  });
});

describe("the set-up of a clone", () => {
  function setUp() {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "scripts/set-up.mjs")], {
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  }

  beforeEach(() => cpSync(new URL("./set-up.mjs", import.meta.url), join(root, "scripts/set-up.mjs")));

  it("installs what the lock file names, says so, and has nothing to do the second time", () => {
    write("tool/package.json", JSON.stringify({ name: "tool", version: "1.0.0" }));
    write("package.json", JSON.stringify({ workspaces: ["tool"], engines: { node: ">=20.19" } }));
    write(
      "package-lock.json",
      lock({
        "": { workspaces: ["tool"] },
        "node_modules/tool": { resolved: "tool", link: true },
        tool: { version: "1.0.0" },
      }),
    );

    const first = setUp();
    expect(first).toMatchObject({ status: 0, stderr: "" });
    expect(first.stdout).toMatch(/^Set-up: installing the npm packages \(node_modules is missing\)/);
    expect(first.stdout).toMatch(/Set-up: installed in \d+ s\.\n$/);
    expect(JSON.parse(readFileSync(join(root, "node_modules/tool/package.json"), "utf8")).name).toBe("tool");

    expect(setUp()).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it("builds the page each time, and ends with a line when it cannot", () => {
    write("services/dashboard/build.mjs", "process.exitCode = 1");
    const { status, stderr } = setUp();
    expect(status).toBe(1);
    expect(stderr).toMatch(/Set-up: the page could not be built; the lines above say why\.\n$/);
  });

  it("ends with one line and no stack when npm fails", () => {
    write("package.json", JSON.stringify({ dependencies: { gone: "file:gone" }, engines: { node: ">=20.19" } }));
    const { status, stderr } = setUp();
    expect(status).toBe(1);
    expect(stderr).toMatch(/\nSet-up: "npm ci" failed with code \d+; .*\n$/);
    expect(stderr).not.toContain("    at ");
  });

  it("refuses a Node that is too old before it touches anything", () => {
    write("package.json", JSON.stringify({ engines: { node: ">=999.0" } }));
    expect(setUp()).toMatchObject({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(/^Set-up: Node .* is too old: Beckon needs 999\.0 or newer\..*\n$/),
    });
  });
});

it("names the Debian packages that are not installed", () => {
  expect(missingDebianPackages(["beckon-no-such-package"])).toEqual(["beckon-no-such-package"]);
});

it("installs for the tests the Debian packages of the programs that they start", () => {
  expect(debianPackagesForTests).toEqual([...new Set(Object.values(PACKAGE_OF_PROGRAM))].sort());
});
