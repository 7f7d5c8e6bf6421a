// node command-pin.mjs <json> <deadline ms>: holds a pin through programs that hold it while they run, as gpioset does.
import { spawn } from "node:child_process";
import { servePin, tell } from "./serve-pin.mjs";

/** What gpioset refuses, it refuses within this time; it says nothing when it holds the line. */
const SETTLE_MS = 50;
const LET_GO_MS = 500;

/** @type {{ on: string[], off: string[], last: string[] }} hold it on, hold it off, set it off and end */
const commands = JSON.parse(process.argv[2] ?? "");
/** @type {import("node:child_process").ChildProcess | undefined} */
let holder;
/** @type {{ end(code: number): void } | undefined} */
let served;

/**
 * @param {string[]} command
 * @returns {Promise<void>}
 */
async function hold(command) {
  await letGo();
  const child = start(command);
  holder = child;
  await new Promise((resolve, reject) => {
    const settled = setTimeout(resolve, SETTLE_MS, undefined);
    const complaints = firstLine(child);
    child.once("error", reject);
    child.once("exit", (code) => {
      clearTimeout(settled);
      reject(new Error(complaints() || `${command[0]} ended with ${code}`));
      // The line is no longer held: whatever it is now, it is not ours.
      if (holder === child) served?.end(4);
    });
  });
}

/** @returns {Promise<void>} */
async function letGo() {
  const child = holder;
  holder = undefined;
  if (child) await ended(child, () => child.kill("SIGTERM"));
}

/**
 * @param {import("node:child_process").ChildProcess} child
 * @param {() => void} [ask]
 * @returns {Promise<void>}
 */
async function ended(child, ask) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => {
    child.once("exit", () => resolve(undefined));
    child.once("error", () => resolve(undefined));
  });
  const killing = setTimeout(() => child.kill("SIGKILL"), LET_GO_MS);
  ask?.();
  await exit;
  clearTimeout(killing);
}

/** @param {string[]} command */
function start([program = "", ...options]) {
  return spawn(program, options, { stdio: ["ignore", "ignore", "pipe"] });
}

/** @param {import("node:child_process").ChildProcess} child */
function firstLine(child) {
  let text = "";
  child.stderr?.on("data", (chunk) => {
    if (text.length < 1000) text += chunk;
  });
  return () => text.split("\n")[0] ?? "";
}

try {
  await hold(commands.off);
  served = servePin(
    {
      write: (on) => hold(on ? commands.on : commands.off),
      release: async () => {
        await letGo();
        const last = start(commands.last);
        last.on("error", () => {});
        await ended(last);
      },
    },
    Number(process.argv[3]),
  );
} catch (error) {
  tell(error);
  process.exitCode = 1;
}
