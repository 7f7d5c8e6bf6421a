/**
 * Takes the pictures of the page that the README shows: each view, on a phone and on a desktop, light and dark.
 *
 *   npm run screenshots -- [--out docs/screenshots] [--only live,teach]
 *
 * What is seen is drawn: a home of its own in a temporary folder, whose camera is the drawn hand. Needs Debian's chromium.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { instanceName } from "@beckon/runtime";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import sharp from "sharp";
import * as words from "../services/dashboard/page/words.ts";
import { type HandBrowser, openBrowser } from "../test/page/browser.ts";
import { type Home, openHome } from "../test/page/home.ts";
import { announces, isLive } from "../test/page/live.ts";
import { addGesture, handShows, OTHER_HANDS, record, train } from "../test/page/teach.ts";
import { anyText, viewAddress } from "../test/page/views.ts";

const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } } as const;
const SCHEMES = ["light", "dark"] as const;
/** A picture of a page says all it says in so many bytes, and a clone stays small. */
const MOST_BYTES = 120_000;
/** Wide enough for a telephone's text to be sharp on a page of text. */
const PHONE_SCALE = 2;

interface Shot {
  /** Brings the page to what is to be seen. */
  readonly show: (page: Page, hand: HandBrowser) => Promise<void>;
  /** On a desktop the whole page, not only what fits the window; a phone's would be as long as an arm. */
  readonly whole?: boolean;
}

/** In this order: what a view shows may stay. */
const SHOTS: Readonly<Record<string, Shot | "login">> = {
  login: "login",
  live: {
    whole: true,
    show: async (page) => {
      await isLive(page);
      await announces(page, "desk", "H");
      await announces(page, "desk", "Y");
      await page.waitForTimeout(1000);
    },
  },
  camera: {
    show: async (page, hand) => {
      await hand.shows([{ sign: "Y", seconds: 4 }]);
      await page.goto(viewAddress(page.url(), "camera"));
      await page
        .getByRole("textbox", { name: words.camera.name, exact: true })
        .fill(isPhone(page) ? "phone" : "laptop");
      await page.getByRole("button", { name: words.camera.start }).click();
      await page.getByText(words.camera.sees("Y")).first().waitFor({ state: "attached" });
    },
  },
  teach: {
    show: async (page) => {
      await page.goto(viewAddress(page.url(), "teach"));
      const samples = page.getByRole("button", { name: words.teach.samples("peace") });
      await samples.click();
      await page
        .getByRole("img", { name: words.teach.sample("peace", 1) })
        .first()
        .scrollIntoViewIfNeeded();
      await page.getByText(anyText(words.teach.using)).waitFor();
      await page.evaluate("scrollTo(0, 0)");
      await beginsToSee(page, "call me");
    },
  },
  model: {
    show: async (page) => {
      await page.goto(viewAddress(page.url(), "teach"));
      await page.getByRole("table", { name: words.teach.table }).waitFor();
      await bringToTop(page, words.teach.training);
      await beginsToSee(page, "call me");
    },
  },
  system: {
    show: async (page) => {
      await page.goto(viewAddress(page.url(), "system"));
      // Figures come every 5 s.
      await page.waitForTimeout(12_000);
    },
  },
};

const { values } = parseArgs({
  options: { out: { type: "string", default: "docs/screenshots" }, only: { type: "string" } },
});
const wanted = values.only?.split(",") ?? Object.keys(SHOTS);
await mkdir(values.out, { recursive: true });
await takeAll();

async function takeAll(): Promise<void> {
  const desk = { source: "synthetic", text: "HEY", width: 640, height: 480, letter: 4000, pause: 4000 };
  const home = await openHome({
    config: {
      "camera-publisher": { cameras: { desk } },
      relay: {
        relays: { lamp: { driver: { kind: "simulated" } }, fan: { driver: { kind: "simulated" } } },
        rules: [{ when: { gesture: "H", camera: "desk" }, relay: "lamp", do: "on" }],
      },
      "metrics-sink": {},
    },
  });
  try {
    const hand = await openBrowser();
    try {
      let taught = false;
      for (const [name, shot] of Object.entries(SHOTS).filter(([name]) => wanted.includes(name))) {
        if (shot === "login") await takeLogin(hand);
        else {
          if (!taught && (name === "teach" || name === "model")) {
            await teachSomething(home, hand);
            taught = true;
          }
          await takeOne(name, shot, home, hand);
        }
      }
    } finally {
      await hand.close();
    }
  } finally {
    await home.close();
  }
}

/** Two gestures and others, so that there is something to see. */
async function teachSomething(home: Home, hand: HandBrowser): Promise<void> {
  const page = await hand.browser.newPage({ viewport: SIZES.desktop });
  await page.goto(viewAddress(home.url, "teach"));
  for (const [gesture, sign] of [
    ["peace", "V"],
    ["call me", "Y"],
  ] as const) {
    await handShows(page, hand, [{ sign, seconds: 3 }]);
    await addGesture(page, gesture);
    for (let time = 0; time < 2; time++) await record(page, gesture, 24);
  }
  await handShows(page, hand, OTHER_HANDS);
  for (let time = 0; time < 2; time++) await record(page, "others", 24);
  await train(page);
  await page.context().close();
}

async function takeOne(
  name: string,
  { show, whole = false }: Shot,
  { url, folder }: Home,
  hand: HandBrowser,
): Promise<void> {
  for (const size of ["desktop", "phone"] as const)
    for (const colorScheme of SCHEMES) {
      const page = await newPage(hand.browser, size, { colorScheme });
      await page.goto(url);
      await isLive(page);
      await show(page, hand);
      await asAtHome(page, folder);
      await keep(`${name}-${size}-${colorScheme}`, page, whole && size === "desktop");
      await page.context().close();
    }
}

/** A home of its own: it asks who looks. */
async function takeLogin(hand: HandBrowser): Promise<void> {
  const home = await openHome({ users: { me: "admin" } });
  try {
    for (const size of ["desktop", "phone"] as const)
      for (const colorScheme of SCHEMES) {
        const page = await newPage(hand.browser, size, { colorScheme });
        await page.goto(home.url);
        await page.getByLabel(words.login.username).fill("me");
        await keep(`login-${size}-${colorScheme}`, page, false);
        await page.context().close();
      }
  } finally {
    await home.close();
  }
}

async function newPage(browser: Browser, size: keyof typeof SIZES, options: BrowserContextOptions): Promise<Page> {
  const phone = size === "phone" ? { deviceScaleFactor: PHONE_SCALE, hasTouch: true, isMobile: true } : {};
  const context = await browser.newContext({ viewport: SIZES[size], locale: "en-GB", ...phone, ...options });
  context.setDefaultTimeout(60_000);
  return context.newPage();
}

/** The hand is in the middle of it then, and not on its way. */
async function beginsToSee(page: Page, gesture: string): Promise<void> {
  const seen = page.getByText(words.camera.sees(gesture)).first();
  await seen.waitFor({ state: "detached" });
  await seen.waitFor({ state: "attached" });
  await page.waitForTimeout(1000);
}

function isPhone(page: Page): boolean {
  return page.viewportSize()?.width === SIZES.phone.width;
}

/** Below the header, which stays. */
async function bringToTop(page: Page, heading: string): Promise<void> {
  const top = await page
    .getByRole("heading", { name: heading, exact: true })
    .boundingBox()
    .then((box) => box?.y ?? 0);
  await page.evaluate(`scrollBy(0, ${top} - 36 - document.querySelector("header").clientHeight)`);
}

/** The machine and its folders as they might be called; what else is seen is as it is. */
async function asAtHome(page: Page, folder: string): Promise<void> {
  const names = [
    [join(folder, "data"), "/home/me/.local/share"],
    [hostname(), "laptop"],
    [instanceName(), "laptop"],
  ].map(([from = "", to]) => [`(?<![\\w-])${from.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-])`, to]);
  await page.evaluate(`{
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode())
      for (const [from, to] of ${JSON.stringify(names)}) {
        const text = texts.currentNode;
        if (new RegExp(from).test(text.data)) text.data = text.data.replaceAll(new RegExp(from, "g"), to);
      }
  }`);
}

/** As WebP, at the best quality that stays within the limit. */
async function keep(name: string, page: Page, fullPage: boolean): Promise<void> {
  const png = await page.screenshot({ fullPage, animations: "disabled" });
  const file = join(values.out, `${name}.webp`);
  const bytes = await asWebp(png);
  await writeFile(file, bytes);
  console.log(`${file}: ${(bytes.length / 1000).toFixed(0)} kB`);
}

async function asWebp(png: Buffer): Promise<Buffer> {
  for (const quality of [85, 70, 55, 40]) {
    const webp = await sharp(png).webp({ quality, effort: 6 }).toBuffer();
    if (webp.length <= MOST_BYTES) return webp;
  }
  throw new Error(`a picture does not fit ${MOST_BYTES} bytes`);
}
