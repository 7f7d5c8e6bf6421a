import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { BrokerConfig, verifyPassword } from "@beckon/broker";
import { loadConfig } from "@beckon/runtime";
import { describe, expect, it } from "vitest";

const launcher = fileURLToPath(new URL("../../bin/beckon.js", import.meta.url));

async function hash(input: string, ...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, [launcher, "user", "hash", ...words]);
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code, out, err };
}

describe("beckon user hash", () => {
  it("prints a line that stands under broker.users as it is", async () => {
    const { code, out, err } = await hash("open sesame\nnot this\n", "null", "--role", "camera", "--cameras", "desk,1");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).not.toContain("sesame");
    const config = loadConfig({
      env: {},
      flags: [["broker.users", `{ ${out.trim()} }`]],
      services: [{ kind: "broker", config: BrokerConfig }],
    }).section({ kind: "broker", config: BrokerConfig });
    expect(config.users).toMatchObject({ null: { role: "camera", cameras: ["desk", "1"] } });
    expect(await verifyPassword(Buffer.from("open sesame"), config.users["null"]?.password ?? "")).toBe(true);
  });

  it("prints the password's line alone for a user that is there already", async () => {
    expect(await hash("open sesame")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^password: "scrypt\$.*"\n$/),
    });
  });

  it("refuses a password that the broker would not read", async () => {
    expect(await hash("x".repeat(2000))).toEqual({
      ...{ code: 1, out: "" },
      err: "beckon: the password is over 1024 bytes long\n",
    });
  });

  it.each([
    ["", [], 1, "no password came: type one, or pipe it in"],
    ["x", ["a/b"], 2, '<name> "a/b" must be 1 to 64 characters without white space, / + # $'],
    ["x", ["pi", "--role", "owner"], 2, '--role "owner": one of camera, service, viewer, admin is wanted'],
    ["x", ["pi", "--role", "camera", "--cameras", "Desk"], 2, '--cameras "Desk" must be 1 to 32 of a-z, 0-9 and -'],
    ["x", ["pi", "--cameras", "desk"], 2, "--cameras is for --role camera and --role admin"],
    ["x", ["--role", "camera"], 2, "--role and --cameras belong to a user: give a <name>"],
    ["", ["pi", "open", "sesame"], 2, '"open" has no place here'],
  ])("refuses %j with %j in one line", async (input, words, code, message) => {
    const said = await hash(input, ...words);
    expect(said).toMatchObject({ code, out: "" });
    expect(said.err).toContain(message);
    expect(said.err.trim().split("\n")).toHaveLength(1);
  });
});
