/** Teaching, as a person does it: a gesture is named, shown while a button is held, and trained. */
import { eventually } from "@beckon/runtime/testing";
import type { Locator, Page } from "playwright-core";
import * as words from "../../services/dashboard/page/words.ts";
import type { HandBrowser } from "./browser.ts";
import type { ClipLook, ClipPart } from "./hand-clip.ts";
import { anyNumbers, anyText } from "./views.ts";

/** What a hand does that does none of the gestures. */
export const OTHER_HANDS: readonly ClipPart[] = ["rest", "A", "none", "B", "C", "rest", "O"].map((sign) => ({
  sign,
  seconds: 0.5,
}));

/** The hand does something else now: the camera is stopped, and started again, on its own view. */
export async function handShows(page: Page, hand: HandBrowser, parts: readonly ClipPart[], look?: ClipLook) {
  await page.getByRole("link", { name: words.views.camera, exact: true }).click();
  const stop = page.getByRole("button", { name: words.camera.stop });
  const start = page.getByRole("button", { name: words.camera.start });
  await stop.or(start).waitFor();
  if (await stop.isVisible()) await stop.click();
  await hand.shows(parts, look);
  await start.click();
  await page.getByText(anyText(words.camera.status.on)).waitFor();
  await page.getByRole("link", { name: words.views.teach, exact: true }).click();
}

/** Names a gesture that is to be taught. */
export async function addGesture(page: Page, name: string): Promise<void> {
  await page.getByRole("textbox", { name: words.teach.addLabel }).fill(name);
  await page.getByRole("button", { name: words.teach.add, exact: true }).click();
}

export function recordButton(page: Page, gesture: string): Locator {
  return page.getByRole("button", { name: words.teach.recordName(gesture), exact: true });
}

/** Holds the button until so many pictures are kept. */
export async function record(page: Page, gesture: string, pictures = 18): Promise<void> {
  await page.getByRole("radio", { name: gesture, exact: true }).check();
  const button = recordButton(page, gesture);
  await eventually(() => button.isEnabled());
  await button.hover();
  await page.mouse.down();
  await untilPictures(button, pictures);
  await page.mouse.up();
  await page
    .getByRole("status")
    .filter({ hasText: anyNumbers(words.teach.ended(gesture, 9)) })
    .waitFor();
}

/** The button says how many it has. */
export async function untilPictures(button: Locator, pictures: number): Promise<void> {
  await eventually(async () => Number(/(\d+)\D*$/.exec(await button.innerText())?.[1] ?? 0) >= pictures, {
    within: 60_000,
  });
}

/** Trains, and waits until the classifier uses the model. @returns its folder */
export async function train(page: Page): Promise<string> {
  const button = page
    .getByRole("button", { name: words.teach.train })
    .or(page.getByRole("button", { name: words.teach.trainAgain }));
  const before = await modelInUse(page);
  await button.click();
  return eventually(
    async () => {
      const alert = (await page.getByRole("alert").allInnerTexts()).filter((said) => said.trim() !== "");
      if (alert.length > 0) throw new Error(alert.join("\n"));
      const now = await modelInUse(page);
      return now !== undefined && now !== before && now;
    },
    { within: 300_000 },
  );
}

/** The folder of the taught model that the page says is in use. */
export async function modelInUse(page: Page): Promise<string | undefined> {
  const said = await page.getByRole("status").allInnerTexts();
  const pattern = anyText(words.teach.using);
  return said.map((line) => pattern.exec(line)?.[1]).find((folder) => folder !== undefined);
}
