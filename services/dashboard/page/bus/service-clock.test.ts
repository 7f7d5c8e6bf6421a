import { type Signal, signal } from "@preact/signals";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Connection } from "./page-bus.ts";
import { followServiceClock, type ServiceClock } from "./service-clock.ts";

const START = Date.parse("2026-03-01T12:00:00Z");

/** How far the service's clock is ahead, and how long each question and its answer are on their way. */
let ahead: number;
let ways: readonly (readonly [there: number, back: number])[];
let asked: number;
let fails: boolean;
let connection: Signal<Connection>;
let clock: ServiceClock & { stop(): void };

const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
async function ask(): Promise<number> {
  const [there, back] = ways[asked % ways.length] ?? [0, 0];
  asked += 1;
  await pass(there);
  const now = Date.now() + ahead;
  await pass(back);
  if (fails) throw new Error("nobody answers");
  return now;
}
const error = (): number => clock.now() - (Date.now() + ahead);

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  ahead = 90_000;
  ways = [[10, 10]];
  asked = 0;
  fails = false;
  connection = signal<Connection>({ status: "connecting" });
  clock = followServiceClock(connection, ask);
});
afterEach(() => {
  clock.stop();
  vi.useRealTimers();
});

it("is this device's clock until there is a connection to ask over", async () => {
  await vi.advanceTimersByTimeAsync(10_000);
  expect([clock.now(), asked]).toEqual([Date.now(), 0]);
});

it.each([90_000, -3_600_000, 0])("is the service's clock, whose difference is %i ms", async (difference) => {
  ahead = difference;
  connection.value = { status: "online" };
  await vi.advanceTimersByTimeAsync(10_000);
  expect(error()).toBe(0);
});

it("believes the shortest way, for the error is half of what is longer on one side", async () => {
  ways = [
    [400, 0],
    [20, 26],
    [0, 900],
    [30, 300],
  ];
  connection.value = { status: "online" };
  await vi.advanceTimersByTimeAsync(450);
  expect(error()).toBe(200);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(error()).toBe(-3);
});

it("asks a few times and no more", async () => {
  connection.value = { status: "online" };
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toBe(4);
});

it("asks again at each connection, for a clock may have been set", async () => {
  connection.value = { status: "online" };
  await vi.advanceTimersByTimeAsync(10_000);
  ahead = -5000;
  expect(error()).toBe(95_000);
  connection.value = { status: "offline", since: Date.now(), missing: "service" };
  connection.value = { status: "online" };
  await vi.advanceTimersByTimeAsync(10_000);
  expect(error()).toBe(0);
});

it("takes no answer of an earlier connection for one of now", async () => {
  ways = [[0, 30_000]];
  connection.value = { status: "online" };
  await vi.advanceTimersByTimeAsync(1000);
  connection.value = { status: "offline", since: Date.now(), missing: "service" };
  ahead = -5000;
  ways = [[5, 5]];
  connection.value = { status: "online" };
  await vi.advanceTimersByTimeAsync(60_000);
  expect(error()).toBe(0);
});

it("keeps what it knew when nobody answers", async () => {
  connection.value = { status: "online" };
  await vi.advanceTimersByTimeAsync(10_000);
  fails = true;
  connection.value = { status: "offline", since: Date.now(), missing: "service" };
  connection.value = { status: "online" };
  await vi.advanceTimersByTimeAsync(10_000);
  expect(error()).toBe(0);
});
