import { openBrowser } from "../../page/browser.ts";
import { type Home, openHome } from "../../page/home.ts";

export interface PageBench {
  readonly quick: boolean;
  /** How long the page stays open for its memory. */
  readonly minutes: number;
}

export const CAMERA = "desk";

/** A home with a camera of 15 frames a second, 640 x 480, that always shows a hand, and a browser. */
export async function openStage() {
  const camera = { source: "synthetic", text: "HELLO", width: 640, height: 480, fps: 15, pause: 1000 };
  const home: Home = await openHome({ config: { "camera-publisher": { cameras: { [CAMERA]: camera } } } });
  const hand = await openBrowser().catch(async (error: unknown) => {
    await home.close();
    throw error;
  });
  return {
    home,
    hand,
    url: home.url,
    browser: hand.browser,
    [Symbol.asyncDispose]: async () => {
      await hand.close();
      await home.close();
    },
  };
}
