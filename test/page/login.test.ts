import { eventually, withDebian } from "@beckon/runtime/testing";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import * as words from "../../services/dashboard/page/words.ts";
import { topics } from "../stream/onlooker.ts";
import { faults } from "./axe.ts";
import { passwordOf } from "./home.ts";
import { isLive, relaySwitch } from "./live.ts";
import { openPage, withBrowser, withHome } from "./stage.ts";

withDebian("chromium")("a broker with users", () => {
  const browser = withBrowser({ camera: "none" });
  const home = withHome({ users: { anna: "admin", vera: "viewer" } });

  async function logIn(page: Page, user: string, password = passwordOf(user)): Promise<void> {
    await page.getByRole("heading", { name: words.login.title }).waitFor();
    await page.getByLabel(words.login.username).fill(user);
    await page.getByLabel(words.login.password).fill(password);
    await page.getByRole("button", { name: words.login.submit }).click();
  }

  test("shows nothing before the login, says that a password is wrong, and takes the right one", async () => {
    const page = await openPage(browser().browser, home().url);
    await logIn(page, "anna", "a guess");
    await page.getByRole("alert").filter({ hasText: words.login.refused }).waitFor();
    expect(await page.locator("canvas").count()).toBe(0);
    await logIn(page, "anna");
    await isLive(page);
    await page.getByRole("button", { name: words.login.out }).click();
    await page.getByRole("heading", { name: words.login.title }).waitFor();
  });

  test.each(["light", "dark"] as const)(
    "asks in a form without a serious fault for axe-core, %s",
    async (colorScheme) => {
      const page = await openPage(browser().browser, home().url, {
        colorScheme,
        viewport: { width: 360, height: 740 },
      });
      await logIn(page, "anna", "a guess");
      await page.getByRole("alert").filter({ hasText: words.login.refused }).waitFor();
      expect(await faults(page)).toEqual([]);
    },
  );

  test("an admin switches a relay", async () => {
    const events = await home().bus.sees(topics.relayEvent.matching());
    const page = await openPage(browser().browser, home().url);
    await logIn(page, "anna");
    await (await relaySwitch(page, "lamp")).click();
    await eventually(() => events.some(({ value }) => "to" in value && value.to === "ON"));
  });

  test("a viewer sees everything, and the page says that he may not switch", async () => {
    const events = await home().bus.sees(topics.relayEvent.matching());
    const page = await openPage(browser().browser, home().url);
    await logIn(page, "vera");
    await isLive(page);
    await (await relaySwitch(page, "lamp")).click();
    await page.getByRole("status").filter({ hasText: words.live.unanswered }).waitFor();
    expect(events).toEqual([]);
  });
});
