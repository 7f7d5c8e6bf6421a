import { loadBundle } from "@beckon/vision";
import { GREEN, plainJpeg, saveColourBundle } from "@beckon/vision/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Job, ModelAnswer, ModelRefusal } from "./inference-messages.ts";
import { InferencePool, type PoolOptions } from "./inference-pool.ts";
import { temporaryFolder } from "./testing/running-classifier.ts";

/** Regions that the unreliable thread dies of, or never ends with. */
const DEADLY = [0, 0, 0.5, 0.0625] as const;
const ENDLESS = [0, 0, 0.5, 0.125] as const;

async function pool(options: Partial<PoolOptions> = {}) {
  const bundle = await loadBundle(await saveColourBundle(await temporaryFolder(onTestFinished)));
  const troubles: string[] = [];
  const opened = await InferencePool.open([{ name: "colours", bundle, engine: "onnx", threads: 1 }], {
    least: 1,
    most: 1,
    timeout: 60_000,
    trouble: (message) => troubles.push(message),
    entry: new URL("./testing/unreliable-thread-entry.ts", import.meta.url),
    ...options,
  });
  onTestFinished(() => opened.close(1000));
  const ask = async (roi: Job["roi"] = "default") => {
    const answers: (ModelAnswer | ModelRefusal)[] = [];
    await opened.vacancy();
    const jpeg = new Uint8Array(await plainJpeg(GREEN));
    const job: Job = { models: ["colours"], jpeg, roi, mirror: false, megapixels: 2.1 };
    await opened.classify(job, (answer) => answers.push(answer));
    return answers;
  };
  return { pool: opened, ask, troubles };
}

describe("a pool of threads", () => {
  it("takes the engine that its first thread has found", async () => {
    const { pool: opened, ask } = await pool({ least: 2 });
    expect(opened.engines).toEqual({ colours: "onnx-cpu" });
    const answers = (await Promise.all([ask(), ask()])).flat();
    expect(answers.map((answer) => "row" in answer && answer.row.indexOf(Math.max(...answer.row)))).toEqual([1, 1]);
  });

  it("adds a thread when frames are lost again and again for want of one, and no more than it may", async () => {
    const { pool: opened, ask } = await pool({ most: 2 });
    for (let losses = 0; losses < 9; losses++) opened.hurry();
    expect(opened.size).toBe(1);
    for (let losses = 0; losses < 50; losses++) opened.hurry();
    expect(opened.size).toBe(2);
    expect(await ask()).toHaveLength(1);
  });

  it("says why it cannot be opened", async () => {
    await expect(pool({ entry: new URL("./testing/absent.ts", import.meta.url) })).rejects.toThrow(/absent\.ts/);
  });

  it("replaces a thread that dies of a frame, and goes on", async () => {
    const { ask } = await pool();
    await expect(ask([...DEADLY])).rejects.toMatchObject({ lost: "crashed" });
    expect(await ask()).toHaveLength(1);
  });

  it("replaces a thread that does not answer in time, and goes on", async () => {
    const { ask } = await pool({ timeout: 2000 });
    await expect(ask([...ENDLESS])).rejects.toMatchObject({ lost: "timeout" });
    expect(await ask()).toHaveLength(1);
  });

  it("ends a frame that is in the way of stopping", async () => {
    const { pool: opened, ask } = await pool();
    const asked = ask([...ENDLESS]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const outcome = expect(asked).rejects.toMatchObject({ lost: "stopped" });
    await opened.close(100);
    await outcome;
  });
});
