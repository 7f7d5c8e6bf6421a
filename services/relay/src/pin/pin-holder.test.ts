import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { eventually } from "@beckon/runtime/testing";
import { afterEach, expect, test } from "vitest";
import { FakeGpioset } from "../testing/fake-gpioset.ts";
import { FakeSysfs, withOnoff } from "../testing/fake-sysfs.ts";

const closings: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closings.splice(0).toReversed()) close();
});

/** A process that has switched a pin on. */
interface Holder {
  readonly pid: number;
  /** What it said. */
  readonly said: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
}

/** Node 20 needs tsx for the TypeScript of the process; from 22.18 on node runs it. */
const LOADER = "typescript" in process.features && process.features.typescript ? [] : ["--import", "tsx"];

async function holder(surroundings: string, env: NodeJS.ProcessEnv = process.env): Promise<Holder> {
  const script = fileURLToPath(new URL("../testing/hold-pin.ts", import.meta.url));
  const child: ChildProcessByStdio<null, Readable, null> = spawn(
    process.execPath,
    [...LOADER, script, "17", surroundings],
    { stdio: ["ignore", "pipe", "inherit"], env },
  );
  closings.push(() => child.kill("SIGKILL"));
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  await eventually(() => text.includes("on\n"));
  return { pid: child.pid ?? 0, said: () => text, kill: (signal) => child.kill(signal) };
}

async function withPinOn(): Promise<{ sysfs: FakeSysfs; process: Holder; value: () => string }> {
  const sysfs = new FakeSysfs();
  closings.push(() => sysfs.close());
  const running = await holder(JSON.stringify({ sysfs: sysfs.path, launcher: sysfs.launcher }));
  const value = (): string => sysfs.read(17, "value");
  expect(value()).toBe("1");
  return { sysfs, process: running, value };
}

function children(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

/** The process that holds the pin of this one. */
function pinProcess(pid: number, script: string): number {
  const found = children(pid).find((child) => readFileSync(`/proc/${child}/cmdline`, "utf8").includes(script));
  if (found === undefined) throw new Error(`process ${pid} has no child ${script}`);
  return found;
}

withOnoff()("a pin that is on", () => {
  test("stays on as long as its process lives", async () => {
    const { value } = await withPinOn();
    // More than two deadlines.
    await sleep(2500);
    expect(value()).toBe("1");
  });

  test.each(["SIGKILL", "SIGTERM", "SIGINT"] as const)("goes off when its process ends by %s", async (signal) => {
    const { process: its, value } = await withPinOn();
    its.kill(signal);
    await eventually(() => value() === "0");
  });

  test("goes off when its process is frozen, and stays off when it goes on", async () => {
    const { process: its, value } = await withPinOn();
    its.kill("SIGSTOP");
    await eventually(() => value() === "0");
    its.kill("SIGCONT");
    await eventually(() => its.said().includes("lost: the process that holds the pin did not hear from us in time"));
    await eventually(() => pinProcess(its.pid, "onoff-pin.mjs"));
    expect(value()).toBe("0");
  });

  test("goes off when the process that holds it is frozen, for that is replaced", async () => {
    const { process: its, value } = await withPinOn();
    process.kill(pinProcess(its.pid, "onoff-pin.mjs"), "SIGSTOP");
    await eventually(() => value() === "0");
    await eventually(() => its.said().includes("lost: the process that holds the pin did not answer for 1000 ms"));
  });

  test("goes off when the process that holds it is killed, for that is replaced", async () => {
    const { process: its, value } = await withPinOn();
    process.kill(pinProcess(its.pid, "onoff-pin.mjs"), "SIGKILL");
    await eventually(() => value() === "0");
    await eventually(() => its.said().includes("lost: the process that holds the pin ended (SIGKILL)"));
  });
});

/** setpriv is of util-linux, which every Debian has. */
const setpriv = (() => {
  try {
    execFileSync("setpriv", ["--pdeathsig", "TERM", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

async function gpiosetOn(): Promise<{ fake: FakeGpioset; process: Holder }> {
  const fake = new FakeGpioset(2);
  closings.push(() => fake.close());
  const running = await holder("gpiod", { ...process.env, PATH: `${fake.folder}:${process.env["PATH"]}` });
  // A machine that is busy for long lets it go once, and takes it again.
  await eventually(() => fake.line(17) === "1");
  return { fake, process: running };
}

test.each(["SIGKILL", "SIGSTOP"] as const)("a line of gpioset is set off when its process gets %s", async (signal) => {
  const { fake, process: its } = await gpiosetOn();
  its.kill(signal);
  await eventually(() => fake.line(17) === "0" && fake.holder === undefined);
});

test.skipIf(!setpriv)("a line of gpioset is let go when even the process between is killed", async () => {
  const { fake, process: its } = await gpiosetOn();
  its.kill("SIGSTOP");
  process.kill(pinProcess(its.pid, "command-pin.mjs"), "SIGKILL");
  await eventually(() => fake.line(17) === "released" && fake.holder === undefined);
});
