/** What the tests of the page share: one browser and one home for a file, pages that close with their test. */
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, onTestFinished } from "vitest";
import { type BrowserOptions, type HandBrowser, openBrowser } from "./browser.ts";
import { type Home, type HomeOptions, openHome } from "./home.ts";
import { type ViewName, viewAddress } from "./views.ts";

/** Only catches a hang, on a machine with other things to do. */
export const PATIENCE = 60_000;

/** For a file: opened before its tests, closed after them. */
export function withBrowser(options: BrowserOptions = {}): () => HandBrowser {
  let opened: HandBrowser | undefined;
  beforeAll(async () => {
    opened = await openBrowser(options);
  });
  afterAll(() => opened?.close());
  return () => given(opened);
}

/** For a file, as `withBrowser`. */
export function withHome(options: HomeOptions = {}): () => Home {
  let opened: Home | undefined;
  beforeAll(async () => {
    opened = await openHome(options);
  });
  beforeEach(({ onTestFailed }) => {
    onTestFailed(() => console.log(`What the services said last:\n${opened?.process.lines.slice(-15).join("\n")}`));
  });
  afterAll(() => opened?.close());
  return () => given(opened);
}

export interface PageOptions extends BrowserContextOptions {
  readonly view?: ViewName;
}

/** A page in a context of its own, as another visitor has it; it closes with the test, and leaves a picture if that fails. */
export async function openPage(browser: Browser, url: string, options: PageOptions = {}): Promise<Page> {
  const { view = "live", ...contextOptions } = options;
  const context = await browser.newContext(contextOptions);
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const said: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) said.push(message.text());
  });
  page.on("pageerror", (error) => said.push(String(error)));
  onTestFinished(async ({ task }) => {
    if (task.result?.state === "fail") {
      console.log(
        `The page as it was: ${await photograph(page, task.name)}${said.map((line) => `\n  ${line}`).join("")}`,
      );
    }
    await context.close();
  });
  await page.goto(viewAddress(url, view));
  return page;
}

/** Beside the folder of the run, which is removed when it ends. */
async function photograph(page: Page, name: string): Promise<string> {
  const folder = join(dirname(tmpdir()), "beckon-page-failures");
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${name.replace(/\W+/g, "-").slice(0, 80)}.png`);
  await page.screenshot({ path, fullPage: true }).catch(() => {});
  return path;
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("it was not opened");
  return value;
}
