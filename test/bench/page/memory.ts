import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import type { Bar } from "../bars.ts";
import { usageOf } from "./browser-processes.ts";
import { openStage, type PageBench } from "./stage.ts";

/** From here on the page has all its charts and strips filled, or fills them at a steady rate. */
const FIRST_LOOK_S = 60;
const MOST_GROWTH_MB = 5;

/** What a page that is left open takes: its own heap after tidying up, and the whole browser. */
export async function measureMemory({ quick, minutes }: PageBench): Promise<Bar[]> {
  await using stage = await openStage();
  const page = await stage.browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(stage.url);
  const first = quick ? 15 : FIRST_LOOK_S;
  await sleep(1000 * first);
  const before = await heapOf(page);
  console.log(`  after ${first} s: heap ${before.toFixed(1)} MB, ${resident(stage.hand.pid)} MB resident`);
  for (let minute = 1; minute <= minutes; minute++) {
    await sleep(60_000 - (minute === 1 ? 1000 * first : 0));
    if (minute < minutes) console.log(`  after ${minute} min: ${resident(stage.hand.pid)} MB resident`);
  }
  const after = await heapOf(page);
  return [
    {
      what: `memory after ${minutes} min: heap ${after.toFixed(1)} MB, ${(after - before).toFixed(1)} MB more than after ${first} s; all processes of the browser ${resident(stage.hand.pid)} MB resident`,
      bar: `heap grows at most ${MOST_GROWTH_MB} MB`,
      passed: after - before <= MOST_GROWTH_MB,
    },
  ];
}

/** MB of the page's JavaScript, after what nobody needs is thrown away. */
async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  try {
    await session.send("Performance.enable");
    await session.send("HeapProfiler.collectGarbage");
    const { metrics } = await session.send("Performance.getMetrics");
    return (metrics.find(({ name }) => name === "JSHeapUsedSize")?.value ?? Number.NaN) / 1e6;
  } finally {
    await session.detach();
  }
}

function resident(pid: number): string {
  return (usageOf(pid).rss / 1e6).toFixed(0);
}
