import { expect, it } from "vitest";
import { lazy } from "./lazy.ts";

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

it("is fetched when it is wanted, and once", async () => {
  let fetched = 0;
  const part = lazy(async () => {
    fetched += 1;
    return "a view";
  });
  await settled();
  expect([fetched, part.part.value]).toEqual([0, undefined]);
  part.load();
  part.load();
  await settled();
  part.load();
  expect([fetched, part.part.value, part.failure.value]).toEqual([1, "a view", undefined]);
});

it("says why it did not come, and is tried again", async () => {
  const answers: readonly (() => Promise<string>)[] = [
    () => Promise.reject(new Error("nobody answers")),
    () => Promise.resolve("a view"),
  ];
  let tries = 0;
  const part = lazy(() => answers[tries++]?.() ?? Promise.reject(new Error("once too often")));
  part.load();
  await settled();
  expect(part.failure.value).toEqual(new Error("nobody answers"));
  part.load();
  expect(part.failure.value).toBeUndefined();
  await settled();
  expect([part.part.value, part.failure.value]).toEqual(["a view", undefined]);
});
