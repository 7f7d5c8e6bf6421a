import { expect, it } from "vitest";
import { oneLine } from "./output.ts";

it("makes one line of any text that no terminal obeys", () => {
  expect(oneLine("a\n  b\u2028c")).toBe("a b c");
  expect(oneLine("\u001b[31mred\u0007\u009b2J\r")).toBe("\ufffd[31mred\ufffd\ufffd2J\ufffd");
  expect(oneLine("hand\u202egpj.exe")).toBe("hand\ufffdgpj.exe");
  expect(oneLine("  Schöne  手  ")).toBe("  Schöne  手  ");
});
