#!/usr/bin/env node
// Readies a clone for `npm start` and `npm test`: plain JavaScript without dependencies, for it runs before there are any.
//
//   node scripts/set-up.mjs          the npm packages, and the page
//   node scripts/set-up.mjs --test   and the Debian packages that tests need

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * What tests need beyond Node and npm, by Debian's names: a broker, cameras, a metrics database, certificates and units to
 * test against. Which program is in which package is in packages/runtime/src/testing/debian.ts.
 * @type {readonly string[]}
 */
export const debianPackagesForTests = ["chromium", "ffmpeg", "fswebcam", "influxdb", "mosquitto", "openssl", "systemd"];

/** A failure that its message explains; it ends the set-up without a stack. */
class SetUpError extends Error {}

/**
 * @param {string} found a version, `20.19.0`
 * @param {string} range as in package.json's `engines`, only of the form `>=20.19`
 * @throws {SetUpError} when the version is too old
 */
export function checkNode(found, range) {
  const [major = 0, minor = 0] = range.replace(">=", "").split(".").map(Number);
  const [foundMajor = 0, foundMinor = 0] = found.split(".").map(Number);
  if (foundMajor > major || (foundMajor === major && foundMinor >= minor)) return;
  throw new SetUpError(
    `Node ${found} is too old: Beckon needs ${major}.${minor} or newer. Install it from https://nodejs.org and try again.`,
  );
}

/**
 * Compares what is installed with what package-lock.json asks for; packages for other platforms may be absent.
 *
 * @param {string} root folder of package-lock.json
 * @returns {string | undefined} why an installation is needed
 */
export function installationNeeded(root) {
  const installedFile = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(join(root, "node_modules"))) return "node_modules is missing";
  if (!existsSync(installedFile)) return "an earlier installation did not finish";
  const wanted = lockedPackages(join(root, "package-lock.json"));
  const installed = lockedPackages(installedFile);
  const different = Object.keys({ ...wanted, ...installed }).filter((path) => {
    const [lock, here] = [wanted[path], installed[path]];
    if (path === "" || (lock?.optional && !here)) return false;
    return !lock || !here || identity(lock) !== identity(here);
  });
  if (different.length === 0) return undefined;
  const shown = different.slice(0, 3).map((path) => path.replace(/^.*node_modules\//, ""));
  return `not as in package-lock.json: ${shown.join(", ")}${different.length > 3 ? ", ..." : ""}`;
}

/** @typedef {{ version?: string, integrity?: string, link?: boolean, optional?: boolean, bin?: Record<string, string> }} LockedPackage */

/** @returns {Record<string, LockedPackage>} */
function lockedPackages(/** @type {string} */ file) {
  return JSON.parse(readFileSync(file, "utf8")).packages;
}

function identity(/** @type {LockedPackage} */ { version, integrity, link, bin }) {
  return JSON.stringify([version, integrity, link, bin]);
}

function install(/** @type {string} */ root, /** @type {string} */ reason) {
  console.log(`Set-up: installing the npm packages (${reason}). This takes about half a minute.`);
  const start = Date.now();
  // Errors only: npm warns of the settings in .npmrc that it does not know, and they are meant for others.
  const command = ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status, error } = spawnSync("npm", command, {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
    // Its installer would download CUDA libraries; without a network that fails the whole installation.
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" },
  });
  if (error) throw new SetUpError(`npm could not be started: ${error.message}. It comes with Node.`);
  if (status !== 0)
    throw new SetUpError(
      `"npm ci" failed with code ${status}; its own lines above say why. It needs the npm registry or a mirror.`,
    );
  console.log(`Set-up: installed in ${Math.round((Date.now() - start) / 1000)} s.`);
}

/** The page is bundled here and not when it is served; where nothing changed since, it is left as it is. */
function buildPage(/** @type {string} */ root) {
  const { status } = spawnSync(process.execPath, [join(root, "services/dashboard/build.mjs")], { stdio: "inherit" });
  if (status !== 0) throw new SetUpError("the page could not be built; the lines above say why.");
}

/**
 * @param {readonly string[]} names
 * @returns {string[]} those that dpkg does not know as installed
 */
export function missingDebianPackages(names) {
  return names.filter((name) => {
    const { stdout } = spawnSync("dpkg-query", ["--status", name], { encoding: "utf8" });
    return !stdout?.includes("Status: install ok installed");
  });
}

function installDebianPackages(/** @type {readonly string[]} */ names) {
  const missing = missingDebianPackages(names);
  if (missing.length === 0) return;
  if (!process.env["CI"]) {
    const sudo = process.getuid?.() === 0 ? "" : "sudo ";
    console.log(`Set-up: some tests need Debian packages that are missing. This installs them:`);
    console.log(`  ${sudo}apt-get install -y --no-install-recommends ${missing.join(" ")}`);
    return;
  }
  console.log(`Set-up: installing ${missing.join(", ")} from Debian.`);
  for (const command of [["update"], ["install", "-y", "--no-install-recommends", ...missing]]) {
    const { status, error } = spawnSync("apt-get", command, { stdio: "inherit" });
    if (error) throw new SetUpError(`apt-get could not be started: ${error.message}.`);
    if (status !== 0) throw new SetUpError(`"apt-get ${command.join(" ")}" failed with code ${status}.`);
  }
}

function setUp(/** @type {string} */ root, /** @type {{ forTests: boolean }} */ { forTests }) {
  const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  checkNode(process.versions.node, engines.node);
  const reason = installationNeeded(root);
  if (reason) install(root, reason);
  buildPage(root);
  if (forTests) installDebianPackages(debianPackagesForTests);
}

if (process.argv[1] && fileURLToPath(import.meta.url) === realpathSync(process.argv[1])) {
  try {
    setUp(fileURLToPath(new URL("..", import.meta.url)), { forTests: process.argv.includes("--test") });
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error;
    console.error(`Set-up: ${error.message}`);
    process.exitCode = 1;
  }
}
