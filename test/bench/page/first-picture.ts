import { eventually } from "@beckon/runtime/testing";
import type { Browser } from "playwright-core";
import { type Bar, median } from "../bars.ts";
import { openStage, type PageBench } from "./stage.ts";

const AIM_MS = 1000;
const ROUNDS = 5;

/** From asking for the page to the first picture of a camera on it, each time as a visitor who was never there. */
export async function measureFirstPicture({ quick }: PageBench): Promise<Bar[]> {
  await using stage = await openStage();
  // What the service itself does first, such as reading its files, is not a visitor's time.
  await firstPicture(stage.browser, stage.url);
  const times: number[] = [];
  for (let round = 0; round < (quick ? 2 : ROUNDS); round++) {
    times.push(await firstPicture(stage.browser, stage.url));
    console.log(`  first picture after ${times.at(-1)?.toFixed(0)} ms`);
  }
  const middle = median(times);
  return [
    {
      what: `first picture after opening: ${middle.toFixed(0)} ms (${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)})`,
      bar: "at most 1000 ms on loopback",
      passed: middle <= AIM_MS,
    },
  ];
}

/** Notes when the first picture is put on a canvas, by the page's own clock, which begins when it is asked for. */
const NOTE_FIRST_PICTURE = `
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...given) {
    globalThis.firstPictureAt ??= performance.now();
    return draw.apply(this, given);
  };
  const transfer = ImageBitmapRenderingContext.prototype.transferFromImageBitmap;
  ImageBitmapRenderingContext.prototype.transferFromImageBitmap = function (picture) {
    if (picture) globalThis.firstPictureAt ??= performance.now();
    return transfer.call(this, picture);
  };
`;

async function firstPicture(browser: Browser, url: string): Promise<number> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.addInitScript(NOTE_FIRST_PICTURE);
    await page.goto(url);
    return await eventually(() => page.evaluate<number | undefined>("globalThis.firstPictureAt"));
  } finally {
    await context.close();
  }
}
