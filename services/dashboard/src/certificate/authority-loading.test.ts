import { expect, it } from "vitest";

it("loads what writes certificates for a page with HTTPS alone: it takes memory, and changes Reflect for the process", async () => {
  await import("../index.ts");
  expect(Reflect).not.toHaveProperty("getMetadata");
  await import("./authority.ts");
  expect(Reflect).toHaveProperty("getMetadata");
});
