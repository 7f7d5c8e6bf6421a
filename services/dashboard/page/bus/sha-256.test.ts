import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { sha256 } from "./sha-256.ts";

test("hashes as Node does, whatever the length", () => {
  for (let length = 0; length < 200; length++) {
    const text = "äb€ 7".repeat(length).slice(0, length);
    expect(sha256(text), text).toBe(createHash("sha256").update(text).digest("hex"));
  }
});
