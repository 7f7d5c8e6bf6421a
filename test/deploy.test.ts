import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SERVICE_KINDS } from "@beckon/protocol";
import { withDebian } from "@beckon/runtime/testing";
import { afterEach, describe, expect, it } from "vitest";
import { stopAll, withConfig } from "./stream/beckon-process.ts";

const folder = fileURLToPath(new URL("../deploy/systemd/", import.meta.url));
const commands = ["up", ...SERVICE_KINDS];

afterEach(stopAll);

/** What systemd sets for a command: the unit's own, then what is beside it. */
function environmentOf(command: string): Record<string, string> {
  const files = [join(folder, "beckon@.service"), join(folder, `beckon@${command}.service.d`, "port.conf")];
  const set = files
    .filter((file) => existsSync(file))
    .flatMap((file) => readFileSync(file, "utf8").split("\n"))
    .flatMap((line) => /^Environment=(.*)$/.exec(line)?.[1]?.split(" ") ?? []);
  return Object.fromEntries(set.map((pair) => pair.split("=", 2) as [string, string]));
}

const portOf = (command: string): number => Number(environmentOf(command)["BECKON_MONITORING_PORT"] ?? 9464);

describe("the units of systemd", () => {
  it("give every service a port of its own, the one that the README names", () => {
    const ports = commands.map(portOf);
    expect(new Set(ports).size).toBe(commands.length);
    const readme = readFileSync(join(folder, "../README.md"), "utf8");
    for (const [index, command] of commands.entries())
      expect(readme).toMatch(new RegExp(`^\\| \`beckon@${command}\`.*\\| ${ports[index]} \\|$`, "m"));
  });

  it("have each service say how it is to whoever asks on this machine", async () => {
    const { XDG_DATA_HOME: _, XDG_STATE_HOME: __, ...env } = environmentOf("interpreter");
    const service = withConfig({ mqtt: { url: "mqtt://127.0.0.1:1" } }, ["interpreter"], {
      env: { ...env, BECKON_MONITORING_PORT: "0" },
    });
    const [, url = ""] = await service.says(/figures for Prometheus at (http:\/\/127\.0\.0\.1:\d+)\/metrics/);
    const answer = await fetch(`${url}/healthz`);
    expect(answer.status, "there is no broker").toBe(503);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('service="interpreter"');
  });
});

withDebian("systemd-analyze")("systemd", () => {
  it.each(commands)("finds no fault in beckon@%s", (command) => {
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", join(folder, `beckon@${command}.service`)], {
      encoding: "utf8",
    });
    expect({ status, said: stderr.split("\n").filter((line) => line.includes("beckon")) }).toEqual({
      status: 0,
      said: [],
    });
  });
});
