import { describe, expect, it } from "vitest";
import { hashPassword, isPasswordHash, MAX_PASSWORD_BYTES, verifyPassword } from "./password.ts";

const bytes = (text: string) => Buffer.from(text);

describe("a password hash", () => {
  it("fits its own password and no other", async () => {
    const hash = await hashPassword("correct horse");
    expect(isPasswordHash(hash)).toBe(true);
    expect(await verifyPassword(bytes("correct horse"), hash)).toBe(true);
    expect(await verifyPassword(bytes("correct horsf"), hash)).toBe(false);
    expect(await verifyPassword(bytes(""), hash)).toBe(false);
  });

  it("differs each time and does not hold the password", async () => {
    const [first, second] = await Promise.all([hashPassword("tulip"), hashPassword("tulip")]);
    expect(first).not.toBe(second);
    expect(first).not.toContain("tulip");
  });

  it("is made of no empty and no endless password", async () => {
    await expect(hashPassword("")).rejects.toThrow(RangeError);
    await expect(hashPassword("a".repeat(MAX_PASSWORD_BYTES + 1))).rejects.toThrow(RangeError);
    const hash = await hashPassword("ä".repeat(MAX_PASSWORD_BYTES / 2));
    expect(await verifyPassword(bytes("a".repeat(10_000_000)), hash)).toBe(false);
  });

  it("is refused, not tried, when it is none or asks for too much memory or time", async () => {
    const good = await hashPassword("tulip");
    const [, , , , salt, hash] = good.split("$");
    const bad = [
      "",
      "tulip",
      `scrypt$16383$8$1$${salt}$${hash}`,
      `scrypt$1048576$8$1$${salt}$${hash}`,
      `scrypt$16384$8$99$${salt}$${hash}`,
      `scrypt$16384$0$1$${salt}$${hash}`,
      `scrypt$16384$8$1$${salt}$`,
      `bcrypt$16384$8$1$${salt}$${hash}`,
    ];
    for (const text of bad) {
      expect(isPasswordHash(text), text).toBe(false);
      expect(await verifyPassword(bytes("tulip"), text), text).toBe(false);
    }
  });
});
