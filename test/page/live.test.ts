import { causeInWords } from "@beckon/protocol";
import { eventually, withDebian } from "@beckon/runtime/testing";
import { expect, test } from "vitest";
import * as words from "../../services/dashboard/page/words.ts";
import { topics } from "../stream/onlooker.ts";
import { announces, cameraCard, isLive, regionOf, relayIs, relaySwitch } from "./live.ts";
import { openPage, withBrowser, withHome } from "./stage.ts";
import { anyNumbers } from "./views.ts";

withDebian("chromium")("the live view", () => {
  const browser = withBrowser({ camera: "none" });
  const home = withHome({
    config: {
      "camera-publisher": { cameras: { desk: { source: "synthetic", text: "HI", letter: 1000, pause: 3000 } } },
      interpreter: { text: { timeout: 2500 } },
      relay: {
        relays: {
          lamp: { driver: { kind: "simulated" }, minOff: 0 },
          fan: { driver: { kind: "simulated" }, minOff: 0 },
        },
        rules: [
          { when: { gesture: "H" }, relay: "fan", do: "on" },
          { when: { gesture: "I" }, relay: "fan", do: "off" },
        ],
      },
    },
  });

  test("shows the camera, the letter that its hand signs, and the word when it is spelled", async () => {
    const page = await openPage(browser().browser, home().url);
    await isLive(page);
    await announces(page, "desk", "H");
    await announces(page, "desk", "I");
    await cameraCard(page).getByRole("paragraph").filter({ hasText: /^HI$/ }).waitFor();
  });

  test("shows the best guesses, the last gestures, the figures, and charts of them when they are unfolded", async () => {
    const page = await openPage(browser().browser, home().url);
    await isLive(page);
    const card = cameraCard(page);
    const guesses = card.getByRole("list", { name: words.live.top("letters") }).getByRole("listitem");
    await guesses.filter({ hasText: /^H\d+ %$/ }).waitFor();
    expect(await guesses.filter({ hasText: /\d+ %$/ }).count()).toBe(3);
    await card.getByRole("listitem").filter({ hasText: /^H.*:/ }).first().waitFor();
    for (const figure of Object.values(words.live.figures))
      await card.getByText(new RegExp(`^${figure}[\\d.]+( ms| s)?$`)).waitFor();
    await card.getByText(words.live.charts).click();
    await eventually(async () => (await card.getByRole("figure").locator("canvas").count()) === 2);
    await card
      .getByRole("figure")
      .filter({ hasText: anyNumbers(words.live.rateText(1, 1)) })
      .waitFor();
  });

  test("switches a relay, and shows that it did, why, and what others do to it", async () => {
    const page = await openPage(browser().browser, home().url);
    const events = await home().bus.sees(topics.relayEvent.matching({ relay: "lamp" }));
    await (await relaySwitch(page, "lamp")).click();
    await relayIs(page, "lamp", true);
    await eventually(() => events.some(({ value }) => "to" in value && value.to === "ON"));
    expect(events[0]?.value.cause).toMatchObject({ by: "command", id: expect.stringMatching(/^page-/) });
    await home().bus.sends("beckon/relay/lamp/set", "OFF", 1);
    await relayIs(page, "lamp", false);
  });

  test("shows the relay that a gesture has switched, and which gesture it was", async () => {
    const page = await openPage(browser().browser, home().url);
    await relayIs(page, "fan", true);
    const why = causeInWords({ by: "gesture", camera: "desk", model: "letters", gesture: "H" });
    await page.getByText(`fan: ${words.live.on}, ${why}`).waitFor({ state: "attached" });
    await relayIs(page, "fan", false);
  });

  test("is the same for two at once, and goes on for one when the other leaves", async () => {
    const one = await openPage(browser().browser, home().url);
    const other = await openPage(browser().browser, home().url);
    await Promise.all([isLive(one), isLive(other)]);
    await (await relaySwitch(one, "lamp")).click();
    await relayIs(other, "lamp", true);
    await one.close();
    await (await relaySwitch(other, "lamp")).click();
    await relayIs(other, "lamp", false);
    await announces(other, "desk", "H");
    await announces(other, "desk", "I");
  });

  test("has what is looked at dragged to where the hand is, and the classifier looks there, after a reload too", async () => {
    const page = await openPage(browser().browser, home().url);
    await isLive(page);
    const results = await home().bus.sees(topics.result.matching({ camera: "desk" }));
    await eventually(() => results.length > 0);
    const before = results.at(-1)?.value.roi ?? [0, 0, 0, 0];
    const picture = await page.getByRole("img", { name: words.live.picture("desk") }).boundingBox();
    const box = await regionOf(page).boundingBox();
    if (!picture || !box) throw new Error("nothing is shown");
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(x, y);
    // Every other button is filled under the pointer.
    const background = await regionOf(page).evaluate((element) => {
      const { defaultView } = element.ownerDocument;
      return defaultView?.getComputedStyle(element).backgroundColor;
    });
    expect(background).toBe("rgba(0, 0, 0, 0)");
    await page.mouse.down();
    await page.mouse.move(x - 0.1 * picture.width, y + 0.05 * picture.height, { steps: 4 });
    await page.mouse.up();
    await cameraCard(page).getByText(words.live.region.saved).waitFor();
    const wanted = [before[0] - 0.1, before[1] + 0.05, before[2], before[3]];
    const isThere = () => wanted.every((part, i) => Math.abs(part - (results.at(-1)?.value.roi?.[i] ?? 9)) < 0.01);
    await eventually(isThere);

    await page.reload();
    await isLive(page);
    const again = await regionOf(page).boundingBox();
    expect(again?.x).toBeCloseTo(box.x - 0.1 * picture.width, -1);
    results.length = 0;
    await eventually(() => results.length > 3);
    expect(isThere()).toBe(true);
  });

  test("has it moved and resized by the keyboard, and put back", async () => {
    const page = await openPage(browser().browser, home().url);
    await isLive(page);
    const results = await home().bus.sees(topics.result.matching({ camera: "desk" }));
    await cameraCard(page).getByRole("button", { name: words.live.region.reset }).click();
    await cameraCard(page).getByText(words.live.region.saved).waitFor();
    const roi = () => results.at(-1)?.value.roi ?? [0, 0, 0, 0];
    await eventually(() => Math.abs(roi()[0] - 0.275) < 0.005);
    await regionOf(page).focus();
    for (const key of ["ArrowRight", "ArrowRight", "ArrowUp", "Shift+ArrowDown"]) await page.keyboard.press(key);
    await eventually(() => [0.315, 0.18, 0.45, 0.62].every((part, i) => Math.abs(part - (roi()[i] ?? 9)) < 0.005));
    await cameraCard(page).getByRole("button", { name: words.live.region.reset }).click();
    await eventually(() => [0.275, 0.2, 0.45, 0.6].every((part, i) => Math.abs(part - (roi()[i] ?? 9)) < 0.005));
  });

  test("has it resized by a finger that was told so, and not by one that scrolls", async () => {
    const page = await openPage(browser().browser, home().url, {
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
    });
    await isLive(page);
    const card = cameraCard(page);
    const results = await home().bus.sees(topics.result.matching({ camera: "desk" }));
    const roiIs = (wanted: readonly number[]) =>
      eventually(() => wanted.every((part, i) => Math.abs(part - (results.at(-1)?.value.roi?.[i] ?? 9)) < 0.01));
    await card.getByRole("button", { name: words.live.region.reset }).click();
    await roiIs([0.275, 0.2, 0.45, 0.6]);
    await card.getByText(words.live.region.saved).waitFor();
    await card.getByText(words.live.region.saved).waitFor({ state: "detached" });

    const input = await page.context().newCDPSession(page);
    /** From the corner at the lower right, by a tenth of the picture each way. */
    const drag = async (): Promise<void> => {
      const picture = await page.getByRole("img", { name: words.live.picture("desk") }).boundingBox();
      const box = await regionOf(page).boundingBox();
      if (!picture || !box) throw new Error("nothing is shown");
      const at = (part: number) => [
        {
          x: box.x + box.width - 3 + 0.1 * part * picture.width,
          y: box.y + box.height - 3 + 0.1 * part * picture.height,
        },
      ];
      await input.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: at(0) });
      for (const part of [0.25, 0.5, 0.75, 1])
        await input.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: at(part) });
      await input.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    };
    const named = await regionOf(page).getAttribute("aria-label");
    await drag();
    expect(await regionOf(page).getAttribute("aria-label")).toBe(named);
    await card.getByRole("button", { name: words.live.region.adjust }).click();
    await drag();
    await card.getByText(words.live.region.saved).waitFor();
    await roiIs([0.275, 0.2, 0.55, 0.7]);
    await card.getByRole("button", { name: words.live.region.reset }).click();
    await roiIs([0.275, 0.2, 0.45, 0.6]);
  });

  test("shows what strangers call their gestures, hosts and texts as text, and makes no element of it", async () => {
    const page = await openPage(browser().browser, home().url);
    await isLive(page);
    const hostile = `<img src=x onerror="pwned=1">`;
    const from = { camera: "garden", model: "letters", boot: "mg2k1x0z-a9f3" };
    const { bus } = home();
    const tell = (seq: number): Promise<unknown> => {
      const at = Date.now();
      const result = { ...from, seq, at, version: hostile, label: hostile, confidence: 1, engine: hostile };
      const top = [{ label: hostile, confidence: 1 }];
      const state = { gesture: hostile, since: at - 1000, confidence: 1, at };
      const service = { state: "online", boot: from.boot, version: hostile, host: hostile, at };
      const text = { text: hostile, last: "", at };
      const cause = { by: "driver", detail: hostile };
      const send = (path: string, value: object) => bus.sends(`beckon/${path}`, JSON.stringify(value), 0);
      return Promise.all([
        send("garden/result/letters", { ...result, top, ms: {} }),
        send("garden/state/letters", state),
        send("garden/gesture/letters", { ...result, gesture: hostile, phase: "start" }),
        send("garden/text", text),
        send("relay/gate/state", { state: "OFF", since: at, cause }),
        // Of what every object has, too.
        send("relay/gate/event", { refused: "constructor", at, cause }),
        send("service/classifier/garden/status", service),
        // Names that are none never get as far.
        send(`${encodeURIComponent(hostile)}/result/letters`, { ...result, top, ms: {} }),
      ]);
    };
    let told = 0;
    const telling = setInterval(() => void tell(++told), 300);
    try {
      await cameraCard(page, "garden").getByText(hostile).first().waitFor();
      await page.getByText(/: constructor\b/).waitFor();
      await page.getByRole("link", { name: words.views.system, exact: true }).click();
      await page.getByText(hostile).first().waitFor();
    } finally {
      clearInterval(telling);
    }
    expect(await page.evaluate(`document.querySelectorAll("img[src=x]").length`)).toBe(0);
    expect(await page.evaluate("typeof pwned")).toBe("undefined");
  });
});
