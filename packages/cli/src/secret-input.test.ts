import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { readSecret } from "./secret-input.ts";

/** What is typed, and what is seen of it. */
function terminal(...typed: string[]) {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const output = new PassThrough();
  let seen = "";
  output.on("data", (chunk) => {
    seen += String(chunk);
    // Each answer comes after its question.
    if (seen.endsWith(": ")) input.write(typed.shift() ?? "");
  });
  return { input, output, seen: () => seen };
}

describe("a secret", () => {
  it("is asked for twice on a terminal, and not shown", async () => {
    const typed = terminal("opem\u007fn sesame\r", "open sesame\r");
    expect(await readSecret("password", typed)).toBe("open sesame");
    expect(typed.seen()).toBe("The password, which is not shown: \nOnce more: \n");
  });

  it("is refused when the second differs", async () => {
    await expect(readSecret("password", terminal("one\r", "two\r"))).rejects.toThrow("the two differ");
  });

  it("is given up at Ctrl-C and at the end of the input", async () => {
    await expect(readSecret("password", terminal("ope\u0003"))).rejects.toThrow("interrupted");
    await expect(readSecret("password", terminal("\u0004"))).rejects.toThrow("interrupted");
  });

  it("is the first line of a pipe, without its end", async () => {
    const input = new PassThrough();
    input.end(" open sesame \r\nmore");
    expect(await readSecret("password", { input, output: new PassThrough() })).toBe(" open sesame ");
  });

  it("is never read without bound", async () => {
    const input = new PassThrough();
    const reading = readSecret("password", { input, output: new PassThrough() });
    for (let chunk = 0; chunk < 20; chunk++) input.write("x".repeat(10_000));
    expect((await reading).length).toBeLessThan(100_000);
  });
});
