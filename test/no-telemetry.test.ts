import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { drawScene } from "@beckon/synthetic";
import { encodeJpeg } from "@beckon/vision";
import { describe, expect, it, onTestFinished } from "vitest";

const BECKON = fileURLToPath(new URL("../packages/cli/bin/beckon.js", import.meta.url));

/** A user's machine: where a continuous integration is named, onnxruntime keeps quiet by itself. */
function machine(): { home: string; start: (...args: string[]) => ChildProcess } {
  const home = mkdtempSync(join(tmpdir(), "beckon-home-"));
  const env = { PATH: process.env["PATH"], HOME: home, TMPDIR: home };
  return {
    home,
    start: (...args) =>
      spawn(process.execPath, [BECKON, ...args], { cwd: home, env, stdio: ["ignore", "pipe", "inherit"] }),
  };
}

/** @returns false when it ended before it said so */
async function says({ stdout }: ChildProcess, wanted: RegExp): Promise<boolean> {
  if (!stdout) return false;
  for await (const line of createInterface({ input: stdout })) if (wanted.test(line)) return true;
  return false;
}

/** The device id and the queue of what is to be sent, by whatever folder they are in. */
function kept(home: string): string[] {
  return readdirSync(home, { recursive: true, encoding: "utf8" }).filter((path) => /onnxruntime|deviceid/i.test(path));
}

describe("onnxruntime, which tells its maker what it runs unless it is told not to,", () => {
  it("keeps nothing for that when a picture is classified", async () => {
    const { home, start } = machine();
    const picture = join(home, "hand.jpg");
    writeFileSync(picture, await encodeJpeg(drawScene({ sign: "A", width: 128, height: 128 }), 90));
    const [code] = await once(start("classify", picture, "--model", "hand"), "exit");
    expect(code).toBe(0);
    expect(kept(home)).toEqual([]);
  });

  it("keeps nothing for that in the threads of the stream", async () => {
    const { home, start } = machine();
    const free = ["broker.port", "broker.websocketPort", "dashboard.port"].flatMap((key) => ["--set", `${key}=0`]);
    const up = start("up", "--camera", "synthetic", ...free);
    const ended = once(up, "exit");
    onTestFinished(() => void up.kill("SIGKILL"));
    expect(await says(up, /^desk shows /)).toBe(true);
    up.kill("SIGINT");
    await ended;
    expect(kept(home)).toEqual([]);
  });
});
