import { startMosquitto, withDebian } from "@beckon/runtime/testing";
import { expect, onTestFinished, test } from "vitest";
import * as words from "../../services/dashboard/page/words.ts";
import { openHome } from "./home.ts";
import { isLive } from "./live.ts";
import { openPage, withBrowser } from "./stage.ts";

withDebian("chromium")("a page whose other side goes away", () => {
  const browser = withBrowser({ camera: "none" });

  withDebian("mosquitto")("the broker", () => {
    test("the page says that it is away, and comes back by itself with picture and gestures", async () => {
      const mosquitto = await startMosquitto();
      onTestFinished(() => mosquitto.stop());
      const home = await openHome({ broker: mosquitto.url });
      onTestFinished(() => home.close());
      const page = await openPage(browser().browser, home.url);
      await isLive(page);

      await mosquitto.kill();
      await page.getByText(words.connection.brokerAway).waitFor();
      await page.getByText(words.connection.online, { exact: true }).waitFor({ state: "detached" });
      await mosquitto.restart();
      await page.getByText(words.connection.online, { exact: true }).waitFor();
      await page.getByText(words.connection.brokerAway).waitFor({ state: "detached" });
      await isLive(page);
    });
  });

  test("the service: the page says so, and that it is to be started again", async () => {
    const home = await openHome();
    onTestFinished(() => home.close());
    const page = await openPage(browser().browser, home.url);
    await page.getByText(words.connection.online, { exact: true }).waitFor();
    await home.process.stop();
    await page.getByText(words.connection.serviceAway).waitFor();
    expect(await page.getByRole("link", { name: words.views.system }).count()).toBe(1);
  });
});
