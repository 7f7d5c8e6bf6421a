import { Name } from "@beckon/protocol";
import { eventually, withDebian } from "@beckon/runtime/testing";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import * as words from "../../services/dashboard/page/words.ts";
import { PageFacts } from "../../services/dashboard/src/page-facts.ts";
import { topics } from "../stream/onlooker.ts";
import { announces, isLive } from "./live.ts";
import { openPage, withBrowser, withHome } from "./stage.ts";
import { anyNumbers } from "./views.ts";

/** Only this machine knows it, and for browsers it is another one. */
const HOST = "beckon.test";

const home = withHome({
  config: { "camera-publisher": undefined, dashboard: { port: 0, hosts: [HOST] } },
});

/** The same with a certificate of its own, on this machine too. */
const secureHome = withHome({
  config: { "camera-publisher": undefined, dashboard: { port: 0, hosts: [HOST], https: { enabled: true, port: 0 } } },
});

async function start(page: Page, name?: string): Promise<void> {
  if (name !== undefined) await page.getByLabel(words.camera.name, { exact: true }).fill(name);
  await page.getByRole("button", { name: words.camera.start }).click();
}

withDebian("chromium")("a browser with a camera", () => {
  const browser = withBrowser({
    clip: [{ sign: "Y", seconds: 4 }],
    args: [`--host-resolver-rules=MAP ${HOST} 127.0.0.1`],
  });

  test("becomes a camera: its pictures are classified, and seen in the live view of another", async () => {
    const results = await home().bus.sees(topics.result.matching({ camera: "hall" }));
    const page = await openPage(browser().browser, home().url, { view: "camera" });
    await start(page, "hall");
    await page.getByText(words.camera.status.on("hall")).waitFor();
    await eventually(() => results.length > 10);
    expect(results.at(-1)?.value).toMatchObject({ camera: "hall", label: "Y" });
    // Ours, with its own count and time; not a foreign camera's.
    expect(results.at(-1)?.value.foreign).toBeUndefined();
    await page.getByText(words.camera.sees("Y")).first().waitFor({ state: "attached" });

    const other = await openPage(browser().browser, home().url);
    await isLive(other, "hall");
    await announces(other, "hall", "Y");

    await page.getByRole("button", { name: words.camera.stop }).click();
    await page.getByRole("button", { name: words.camera.start }).waitFor();
  });

  test("is given its camera over HTTPS, under a name that is not localhost", async () => {
    const facts = PageFacts.parse(await (await fetch(`${secureHome().url}/page.json`)).json());
    const address = new URL(facts.secureUrl ?? "");
    address.hostname = HOST;
    const results = await secureHome().bus.sees(topics.result.matching({ camera: "attic" }));
    // Who trusts the certificate is the device's business; what is in it is tested where it is made.
    const page = await openPage(browser().browser, address.origin, { view: "camera", ignoreHTTPSErrors: true });
    await start(page, "attic");
    await page.getByText(words.camera.status.on("attic")).waitFor();
    await eventually(() => results.length > 3);
  });

  test("sends on while another view is looked at, where its own region is looked at", async () => {
    const frames = await home().bus.sees(topics.frame.matching({ camera: "stairs" }));
    const page = await openPage(browser().browser, home().url, { view: "camera" });
    await start(page, "stairs");
    const region = page.getByRole("button", { name: anyNumbers(words.roi.name([1, 1, 1, 1])) });
    await region.focus();
    // What is shown is mirrored, so that left is where her left is; what is sent is not.
    for (let presses = 0; presses < 5; presses++) await page.keyboard.press("ArrowLeft");
    await eventually(() => Math.abs((frames.at(-1)?.value.envelope?.roi?.[0] ?? 1) - 0.375) < 0.005);
    await page.getByRole("link", { name: words.views.system, exact: true }).click();
    const before = frames.length;
    await eventually(() => frames.length > before + 5);
  });

  test("a name that is none is refused in words, and nothing is sent under it", async () => {
    const frames = await home().bus.sees(topics.frame.matching());
    const page = await openPage(browser().browser, home().url, { view: "camera" });
    for (const name of ["../../etc", "a/b", "+", "#", "frame", "<b>x</b>", ""]) {
      await start(page, name);
      const why = Name.safeParse(name).error?.issues[0]?.message ?? "";
      expect(why).not.toBe("");
      await page
        .getByRole("alert")
        .filter({ hasText: words.camera.trouble.name(why) })
        .waitFor();
    }
    expect(await page.locator("main b").count()).toBe(0);
    expect(frames).toEqual([]);
  });

  test("the name of a camera that runs already is refused in words", async () => {
    const first = await openPage(browser().browser, home().url, { view: "camera" });
    await start(first, "porch");
    await first.getByText(words.camera.status.on("porch")).waitFor();
    const second = await openPage(browser().browser, home().url, { view: "camera" });
    await start(second, "porch");
    await second.getByText(words.camera.trouble.taken).waitFor();
  });
});

withDebian("chromium")("a browser that gives no camera", () => {
  describe("because nobody allowed it", () => {
    const browser = withBrowser({ camera: "asked" });

    test("says so, and how it is allowed", async () => {
      const page = await openPage(browser().browser, home().url, { view: "camera", permissions: [] });
      await start(page);
      await page.getByRole("alert").filter({ hasText: words.camera.trouble.refused }).waitFor();
    });
  });

  describe("because there is none, or the page is from another machine without HTTPS", () => {
    const browser = withBrowser({ camera: "none", args: [`--host-resolver-rules=MAP ${HOST} 127.0.0.1`] });

    test("says that there is none", async () => {
      const page = await openPage(browser().browser, home().url, { view: "camera" });
      await start(page);
      await page.getByRole("alert").filter({ hasText: words.camera.trouble.none }).waitFor();
    });

    test("says that it takes HTTPS; everything else of the page works", async () => {
      const page = await openPage(browser().browser, home().url.replace("127.0.0.1", HOST), { view: "camera" });
      await start(page);
      await page.getByRole("alert").filter({ hasText: words.camera.trouble.insecure }).waitFor();
      await page.reload();
      await page.getByText(words.connection.online, { exact: true }).waitFor();
      await page.getByRole("link", { name: words.views.teach, exact: true }).click();
      await page.getByRole("heading", { name: words.teach.title }).waitFor();
      // It is answered, so that teaching works too.
      await page.getByRole("textbox", { name: words.teach.addLabel }).waitFor();
      expect((await page.getByRole("alert").allInnerTexts()).filter((said) => said !== "")).toEqual([]);
    });
  });
});
