import { setTimeout as sleep } from "node:timers/promises";
import { openBrowser } from "../../page/browser.ts";
import { type Bar, median } from "../bars.ts";
import { usageOf } from "./browser-processes.ts";
import { servePlainPage } from "./plain-page.ts";
import { CAMERA, openStage, type PageBench } from "./stage.ts";

/** What every browser does when it has just opened a page. */
const SETTLE_S = 5;
const MEASURE_S = 30;
const ROUNDS = 3;

/** All processes of a browser that shows the page, against one that shows the same pictures and nothing else. */
export async function measureCpu({ quick }: PageBench): Promise<Bar[]> {
  await using stage = await openStage();
  const plain = await servePlainPage(stage.home.bus, CAMERA);
  try {
    const seconds = quick ? 5 : MEASURE_S;
    const shares: { ours: number; plain: number }[] = [];
    // In turn, so that what else the machine does meets both.
    for (let round = 0; round < (quick ? 1 : ROUNDS); round++) {
      const share = { plain: await shareOf(plain.url, seconds), ours: await shareOf(stage.url, seconds) };
      shares.push(share);
      console.log(
        `  the page ${share.ours.toFixed(1)} % of a core, nothing but the picture ${share.plain.toFixed(1)} %`,
      );
    }
    const ours = median(shares.map((share) => share.ours));
    const bare = median(shares.map((share) => share.plain));
    return [
      {
        what: `processor of the browser at 15 fps: ${ours.toFixed(1)} % of a core, ${(ours / bare).toFixed(2)} times what the same pictures take on an empty page (${bare.toFixed(1)} %)`,
        bar: "at most 3.00 times",
        passed: ours <= 3 * bare,
      },
    ];
  } finally {
    await plain.close();
  }
}

/** Percent of a core. A browser of its own, so that nothing of another page is in it. */
async function shareOf(url: string, seconds: number): Promise<number> {
  const { browser, pid, close } = await openBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(url);
    await sleep(1000 * SETTLE_S);
    const before = usageOf(pid);
    const begin = performance.now();
    await sleep(1000 * seconds);
    const used = usageOf(pid).cpu - before.cpu;
    return (100 * used) / ((performance.now() - begin) / 1000);
  } finally {
    await close();
  }
}
