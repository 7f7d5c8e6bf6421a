import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe } from "vitest";

/**
 * Programs that tests start, and the Debian package each is in. `scripts/set-up.mjs --test` installs the same packages in
 * CI; a test compares the two lists.
 */
export const PACKAGE_OF_PROGRAM = {
  chromium: "chromium",
  ffmpeg: "ffmpeg",
  fswebcam: "fswebcam",
  influxd: "influxdb",
  mosquitto: "mosquitto",
  openssl: "openssl",
  "systemd-analyze": "systemd",
} as const;

type Program = keyof typeof PACKAGE_OF_PROGRAM;

/** Daemons live in sbin, which only root has on its PATH. */
const EXTRA_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

const said = new Set<Program>();

/** @returns the path of a program, undefined when it is not installed */
export function debianProgram(program: Program): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter).filter(Boolean), ...EXTRA_FOLDERS];
  return folders.map((folder) => join(folder, program)).find(executable);
}

/**
 * `describe` for tests that start a Debian program: `withDebian("mosquitto")("a broker", () => ...)`. Where the program is
 * absent the tests are skipped, and the command that installs it is printed once.
 *
 * @throws when CI is true and the program is absent: there nothing may be skipped unnoticed
 */
export function withDebian(program: Program): typeof describe {
  if (debianProgram(program)) return describe;
  const advice = `"${program}" is not installed: apt-get install -y --no-install-recommends ${PACKAGE_OF_PROGRAM[program]}`;
  if (process.env["CI"] === "true") throw new Error(advice);
  if (!said.has(program)) console.warn(`Skipping tests: ${advice}`);
  said.add(program);
  return describe.skip as typeof describe;
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
