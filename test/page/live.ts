/** The live view, as its visitors know it: by the roles and names of what is on it. */
import type { Locator, Page } from "playwright-core";
import * as words from "../../services/dashboard/page/words.ts";
import { anyNumbers } from "./views.ts";

/** A camera's card: everything about one camera. */
export function cameraCard(page: Page, camera = "desk"): Locator {
  return page.getByRole("article", { name: camera, exact: true });
}

/** Pictures of the camera are coming in and are answered for. */
export async function isLive(page: Page, camera = "desk"): Promise<void> {
  await page.getByRole("img", { name: words.live.picture(camera) }).waitFor();
  await cameraCard(page, camera).getByText(words.live.looking, { exact: true }).waitFor();
}

export async function relaySwitch(page: Page, relay: string): Promise<Locator> {
  const found = page.getByRole("switch", { name: relay });
  await found.waitFor();
  return found;
}

/** The page shows it so, and says so to who listens. */
export async function relayIs(page: Page, relay: string, on: boolean): Promise<void> {
  await page.getByRole("switch", { name: relay, checked: on }).waitFor();
}

/** A gesture begins to stand, and those who do not see are told. */
export async function announces(page: Page, camera: string, gesture: string): Promise<void> {
  await cameraCard(page, camera)
    .getByRole("status")
    .filter({ hasText: words.live.announce(camera, gesture) })
    .waitFor({ state: "attached" });
}

/** The frame on the picture, by whatever its numbers are. */
export function regionOf(page: Page, camera = "desk"): Locator {
  return cameraCard(page, camera).getByRole("button", { name: anyNumbers(words.roi.name([1, 1, 1, 1])) });
}
