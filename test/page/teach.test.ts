import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { eventually, withDebian } from "@beckon/runtime/testing";
import { describe, expect, test } from "vitest";
import * as words from "../../services/dashboard/page/words.ts";
import { GestureName } from "../../services/dashboard/src/teach/teach-api.ts";
import { smallDisk } from "../../services/dashboard/src/teach/teach-fixture.ts";
import { topics } from "../stream/onlooker.ts";
import { faults } from "./axe.ts";
import { openHome } from "./home.ts";
import { openPage, withBrowser, withHome } from "./stage.ts";
import { addGesture, handShows, modelInUse, OTHER_HANDS, record, recordButton, train, untilPictures } from "./teach.ts";
import { anyNumbers } from "./views.ts";

const NO_CAMERA = { "camera-publisher": undefined };

withDebian("chromium")("teaching", () => {
  const browser = withBrowser({ clip: [{ sign: "V", seconds: 4 }] });

  describe("from the first name to a lamp that obeys", () => {
    const home = withHome({
      config: {
        ...NO_CAMERA,
        relay: {
          relays: { lamp: { driver: { kind: "simulated" }, minOff: 0 } },
          rules: [{ when: { gesture: "peace", model: "taught" }, relay: "lamp", do: "on" }],
        },
      },
    });

    test("a gesture is shown, trained, recognised, and the model before is one click away", async () => {
      const gestures = await home().bus.sees(topics.gesture.matching({ model: "taught" }));
      const relays = await home().bus.sees(topics.relayState.matching({ relay: "lamp" }));
      const page = await openPage(browser().browser, home().url, { view: "teach" });

      // Without anything, the page says what is wanted in place of training.
      await page.getByText(words.teach.wanted).waitFor();
      await addGesture(page, "peace");
      await handShows(page, browser(), [{ sign: "V", seconds: 3 }]);
      await addGesture(page, "peace");
      await record(page, "peace");
      await record(page, "peace");
      await page.getByText(words.teach.wanted).waitFor();
      expect(await page.getByRole("button", { name: words.teach.train, exact: true }).isDisabled()).toBe(true);

      await handShows(page, browser(), OTHER_HANDS);
      await record(page, "others", 28);
      await record(page, "others", 28);
      await page.getByText(words.teach.ready).waitFor();
      const first = await train(page);
      await page.getByRole("table", { name: words.teach.table }).waitFor();

      await handShows(page, browser(), [{ sign: "V", seconds: 3 }]);
      await page.getByText(words.camera.sees("peace")).first().waitFor({ state: "attached" });
      await eventually(() => gestures.some(({ value }) => value.gesture === "peace"));
      await eventually(() => relays.at(-1)?.value.state === "ON");

      const second = await train(page);
      expect(second).not.toBe(first);
      await page.getByRole("button", { name: words.teach.back(first) }).click();
      await eventually(async () => (await modelInUse(page)) === first);
      await page.getByRole("button", { name: words.teach.useNone }).click();
      await page.getByText(words.teach.usingNone).waitFor();

      await page.getByRole("button", { name: words.teach.trainAgain, exact: true }).click();
      await page.getByRole("progressbar", { name: words.teach.progress }).waitFor();
      await page.getByRole("button", { name: words.teach.stop, exact: true }).click();
      await page.getByRole("status").getByText(words.teach.phases.stopped, { exact: true }).waitFor();
      await page.getByText(words.teach.usingNone).waitFor();
    }, 900_000);

    test("pictures are seen, and bad ones thrown out", async () => {
      const page = await openPage(browser().browser, home().url, { view: "teach" });
      const gesture = page.getByRole("listitem").filter({ hasText: "peace" }).first();
      await gesture.getByRole("button", { name: words.teach.samples("peace") }).click();
      const first = page.getByRole("img", { name: words.teach.sample("peace", 1) }).first();
      await eventually(() =>
        first.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth > 0),
      );
      // With pictures, a model and its table on it.
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await faults(page), colorScheme).toEqual([]);
      }
      const count = async () => Number(/\d+/.exec(await gesture.innerText())?.[0]);
      const before = await count();
      await page
        .getByRole("button", { name: words.teach.throwPicture(1) })
        .first()
        .click();
      await eventually(async () => (await count()) === before - 1);
    });
  });

  describe("what cannot be taught", () => {
    const home = withHome({ config: NO_CAMERA });

    test("is recorded by the keyboard too; too few pictures, and one gesture alone, are refused in words", async () => {
      const page = await openPage(browser().browser, home().url, { view: "teach" });
      await handShows(page, browser(), [{ sign: "V", seconds: 3 }]);
      await addGesture(page, "brief");
      const button = recordButton(page, "brief");
      await eventually(() => button.isEnabled());
      await button.focus();
      await page.keyboard.down("Space");
      await untilPictures(button, 3);
      await page.keyboard.up("Space");
      await page
        .getByRole("status")
        .filter({ hasText: anyNumbers(words.teach.ended("brief", 9)) })
        .waitFor();
      await record(page, "brief", 3);
      const wanted = page.getByRole("listitem");
      await wanted.filter({ hasText: /Record .*brief/ }).waitFor();
      await wanted.filter({ hasText: /Record .*others/ }).waitFor();
      expect(await page.getByRole("button", { name: words.teach.train, exact: true }).isDisabled()).toBe(true);
    });

    test("a name that is none is refused in words, and becomes neither an element nor a folder", async () => {
      const page = await openPage(browser().browser, home().url, { view: "teach" });
      for (const name of [`<img src=x onerror=alert(1)>`, "../../evil", "a/b", "..", "+", "#", "$SYS", "-rf", "a\\b"]) {
        const why = GestureName.safeParse(name).error?.issues[0]?.message ?? "";
        await addGesture(page, name);
        await page
          .getByRole("alert")
          .filter({ hasText: words.teach.badName(why) })
          .waitFor();
      }
      expect(await page.evaluate(`document.querySelectorAll("img[src=x]").length`)).toBe(0);
      const kept = readdirSync(home().folder, { recursive: true, withFileTypes: true }).map(({ parentPath, name }) =>
        relative(home().folder, join(parentPath, name)),
      );
      expect(kept.filter((path) => /evil|<img|(^|[\\/])-rf/.test(path))).toEqual([]);
    });

    test("what no longer fits on the disk is said where it was recorded, and what to do", async ({ skip }) => {
      using small = smallDisk("64k") ?? skip("it may not mount a disk");
      const full = await openHome({ config: { dashboard: { port: 0, samplesFolder: small.folder } } });
      try {
        const page = await openPage(browser().browser, full.url, { view: "teach" });
        await addGesture(page, "peace");
        const button = recordButton(page, "peace");
        await eventually(() => button.isEnabled());
        await button.hover();
        await page.mouse.down();
        await page.getByText(/no space left on the disk/).waitFor();
        await page.mouse.up();
        await eventually(() => button.isEnabled());
      } finally {
        await full.close();
      }
    });

    test("names with letters of any language and with spaces are taught as they are", async () => {
      const page = await openPage(browser().browser, home().url, { view: "teach" });
      await addGesture(page, "  schöne  Grüße 你好 ");
      await page.getByRole("radio", { name: "schöne Grüße 你好", exact: true }).waitFor();
    });
  });
});
