import { expect, it } from "vitest";
import { reconnectDelay } from "./reconnect-delay.ts";

it("tries again after 100 to 400 ms in the first minute of an outage, and after 1 to 2 s later", () => {
  const range = (outage: number) => [0, 0.5, 1].map((random) => reconnectDelay(outage, random));
  for (const outage of [0, 1000, 59_999]) expect(range(outage)).toEqual([100, 250, 400]);
  for (const outage of [60_000, 1e9]) expect(range(outage)).toEqual([1000, 1500, 2000]);
});

it("spreads the attempts of many", () => {
  const delays = Array.from({ length: 200 }, () => reconnectDelay(0));
  expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(100);
});
