import { buildPage } from "../../../services/dashboard/build.mjs";
import type { Bar } from "../bars.ts";

const MOST_OWN = 60_000;

/** What a visitor loads, as it is after minifying and before compression. */
export async function measureSize(): Promise<Bar[]> {
  const { own, libraries, first, firstLibraries } = await buildPage();
  const kB = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
  const bar = "at most 60 kB before compression";
  return [
    {
      what: `our own script and style to begin with: ${kB(first)} (libraries ${kB(firstLibraries)})`,
      bar,
      passed: first <= MOST_OWN,
    },
    { what: `our own script and style in all: ${kB(own)} (libraries ${kB(libraries)})`, bar, passed: own <= MOST_OWN },
  ];
}
