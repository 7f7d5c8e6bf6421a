import { buildPage } from "../../../services/dashboard/build.mjs";
import type { Bar } from "../bars.ts";

const MOST_OWN = 60_000;

/** What a visitor loads, as it is after minifying and before compression. */
export async function measureSize(): Promise<Bar[]> {
  const { own, libraries } = await buildPage();
  return [
    {
      what: `our own script and style: ${(own / 1000).toFixed(1)} kB, libraries ${(libraries / 1000).toFixed(1)} kB`,
      bar: "own at most 60 kB before compression",
      passed: own <= MOST_OWN,
    },
  ];
}
