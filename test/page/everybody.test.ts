/** What holds for every view: for those who read by ear, by keyboard, at night, on a telephone, and far from any network. */
import { withDebian } from "@beckon/runtime/testing";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import * as words from "../../services/dashboard/page/words.ts";
import { faults } from "./axe.ts";
import { isLive, relayIs, relaySwitch } from "./live.ts";
import { openPage, withBrowser, withHome } from "./stage.ts";
import { VIEWS, type ViewName, viewAddress } from "./views.ts";

const PHONE = { width: 360, height: 740 };
const DESK = { width: 1440, height: 900 };

async function goTo(page: Page, view: ViewName): Promise<void> {
  await page.getByRole("link", { name: words.views[view], exact: true }).click();
  await page.getByRole("main", { name: words.views[view] }).waitFor();
  if (view === "live") return isLive(page);
  // Its script may come only now; its pictures and figures come over the bus.
  await page.getByRole("main").getByRole("heading").first().waitFor();
  await page.waitForTimeout(500);
}

withDebian("chromium")("each view", () => {
  const browser = withBrowser();
  const home = withHome();

  test.each([
    ["light", "phone", PHONE],
    ["dark", "phone", PHONE],
    ["light", "desk", DESK],
    ["dark", "desk", DESK],
  ] as const)("has no serious fault for axe-core, %s, on a %s", async (colorScheme, _, viewport) => {
    const page = await openPage(browser().browser, home().url, { colorScheme, viewport });
    for (const view of VIEWS) {
      await goTo(page, view);
      expect(await faults(page), view).toEqual([]);
    }
  });

  test("fits a telephone of 360 pixels without scrolling sideways", async () => {
    const page = await openPage(browser().browser, home().url, { viewport: PHONE, hasTouch: true });
    for (const view of VIEWS) {
      await goTo(page, view);
      const beyond = await page.evaluate<string[]>(`
        [...document.querySelectorAll("body *")]
          .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
          .filter((element) => !element.closest(".scroll") && getComputedStyle(element).position !== "fixed")
          .map((element) => element.outerHTML.slice(0, 120))`);
      expect(
        await page.evaluate("document.documentElement.scrollWidth"),
        `${view}: ${beyond.join("\n")}`,
      ).toBeLessThanOrEqual(PHONE.width);
    }
  });

  test("is reached by the keyboard alone, and begins where the keyboard then is", async () => {
    const page = await openPage(browser().browser, home().url);
    await isLive(page);
    for (const view of [...VIEWS.slice(1), "live"] as ViewName[]) {
      await tabTo(page, page.getByRole("link", { name: words.views[view], exact: true }));
      await page.keyboard.press("Enter");
      await page.getByRole("main", { name: words.views[view] }).waitFor();
      expect(await page.evaluate("document.activeElement.closest('main') !== null"), view).toBe(true);
    }
  });

  test("lets a relay be switched by the keyboard alone", async () => {
    const page = await openPage(browser().browser, home().url);
    await tabTo(page, await relaySwitch(page, "lamp"));
    await page.keyboard.press("Space");
    await relayIs(page, "lamp", true);
    await page.keyboard.press("Enter");
    await relayIs(page, "lamp", false);
  });

  test("can be bookmarked, and gone back to", async () => {
    const page = await openPage(browser().browser, home().url, { view: "system" });
    await page.getByRole("main", { name: words.views.system }).waitFor();
    await page.goto(viewAddress(home().url, "teach"));
    await page.getByRole("main", { name: words.views.teach }).waitFor();
    await page.goBack();
    await page.getByRole("main", { name: words.views.system }).waitFor();
  });

  test("asks nobody but its own service for anything, and breaks no rule of its own policy", async () => {
    const page = await openPage(browser().browser, "about:blank");
    const asked: string[] = [];
    const said: string[] = [];
    page.context().on("request", (request) => asked.push(request.url()));
    page.on("websocket", (socket) => asked.push(socket.url()));
    page.on("console", (message) => {
      if (message.type() === "error") said.push(message.text());
    });
    page.on("pageerror", (error) => said.push(String(error)));
    await page.goto(home().url);
    for (const view of VIEWS) await goTo(page, view);
    const { host } = new URL(home().url);
    expect(asked.length).toBeGreaterThan(2);
    expect(
      asked.filter((url) => !url.startsWith("data:") && !url.startsWith("blob:") && new URL(url).host !== host),
    ).toEqual([]);
    expect(said).toEqual([]);
    // In which the MQTT client keeps its time: browsers slow the timers of a hidden page down.
    expect(page.workers()).toHaveLength(1);
  });
});

/** Presses Tab until it is there, as somebody without a mouse does. */
async function tabTo(page: Page, wanted: ReturnType<Page["getByRole"]>): Promise<void> {
  for (let presses = 0; presses < 80; presses++) {
    if (await wanted.evaluate((element) => element === element.ownerDocument.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error("the keyboard does not get there");
}
