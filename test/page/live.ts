/** The live view, as its visitors know it: by the roles and names of what is on it. */
import type { Locator, Page } from "playwright-core";
import { words } from "../../services/dashboard/page/words.ts";

/** A camera's card: everything about one camera. */
export function cameraCard(page: Page, camera = "desk"): Locator {
  return page.getByRole("region", { name: camera, exact: true });
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
