import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@beckon/runtime/testing";
import { afterEach, describe, expect, test } from "vitest";
import { beckon, stopAll } from "./beckon-process.ts";
import { onlooker, topics } from "./onlooker.ts";

afterEach(stopAll);

const KINDS = ["broker", "camera-publisher", "classifier", "interpreter", "relay", "metrics-sink", "dashboard"];
/** Any ports: those of the house may be in use. */
const FREE_PORTS = ["broker.port=0", "broker.websocketPort=0", "dashboard.port=0"].flatMap((value) => ["--set", value]);

describe("beckon up in an empty folder", () => {
  test("signs a word, reads it, toggles the lamp by a gesture, tells it in plain words, and leaves nothing behind", async () => {
    const up = beckon(["up", "--text", "WORLD", "--camera", "synthetic", ...FREE_PORTS]);
    const [, url = ""] = await up.says(/Running .* at (mqtt:\S+);/);
    const [, page = ""] = await up.says(/^Open (http:\S+) to see it/m);
    expect(await (await fetch(page)).text()).toContain("<title>Beckon</title>");
    const looking = await onlooker(url);
    const texts = await looking.sees(topics.text.matching());
    const events = await looking.sees(topics.relayEvent.matching());
    const states = await looking.sees(topics.relayState.matching());
    const statuses = await looking.sees(topics.status.matching());

    // A machine that has no time for it loses a letter now and then: the hand signs the word again.
    await eventually(() => texts.at(-1)?.value.text === "WORLD", { within: 90_000 });
    const switched = events.find(({ value }) => "to" in value && value.to === "ON");
    expect(switched?.value).toMatchObject({ from: "OFF", cause: { by: "gesture", camera: "desk", gesture: "L" } });
    expect(states.map(({ value }) => value.state)).toContain("ON");
    await up.says(/^desk has spelled "WORLD"$/m);
    expect(up.lines).toContainEqual(
      expect.stringMatching(/^desk shows L \(\d+ % sure, read [\d.]+ ms after its frame arrived\)$/),
    );
    expect(up.lines).toContainEqual(
      expect.stringMatching(/^lamp is now ON because desk shows L, [\d.]+ ms after the camera's frame$/),
    );

    const children = childrenOf(up.pid);
    expect(await up.stop()).toMatchObject({ code: 0 });
    expect(states.at(-1)?.value).toMatchObject({ state: "OFF" });
    const last = new Map(statuses.map(({ names, value }) => [names.kind, value.state]));
    expect(Object.fromEntries(last)).toEqual(Object.fromEntries(KINDS.map((kind) => [kind, "offline"])));
    await looking.close();
    expect(children.filter(isAlive)).toEqual([]);
    expect(up.output).not.toMatch(/\n {4}at |Warning|undefined|\{"/);
  });

  test("says that a port is in use, and takes the next free one, and opens the page in the browser", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    try {
      const browser = fakeBrowser();
      const ports = ["--set", `broker.port=${port}`, ...FREE_PORTS.slice(2)];
      const up = beckon(["up", "--open", "--camera", "synthetic", ...ports], { env: { PATH: browser.path } });
      const [, next] = await up.says(/port \d+ is in use: broker\.port is (\d+) instead/);
      expect(Number(next)).toBeGreaterThan(port);
      await up.says(new RegExp(`Running .* at mqtt://127\\.0\\.0\\.1:${next};`));
      const [, page = ""] = await up.says(/^Open (http:\S+) to see it/m);
      expect(await eventually(() => browser.opened())).toBe(`${page}/`);
      expect(await up.stop()).toMatchObject({ code: 0 });
    } finally {
      taken.close();
    }
  });
});

test("the page alone is opened in the browser, too, also while its broker is away", async () => {
  const browser = fakeBrowser();
  const settings = ["mqtt.url=mqtt://127.0.0.1:1", "dashboard.port=0"].flatMap((value) => ["--set", value]);
  const dashboard = beckon(["dashboard", "--open", ...settings], { env: { PATH: browser.path } });
  expect(await eventually(() => browser.opened())).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  expect(await dashboard.stop()).toMatchObject({ code: 0 });
});

/** What `--open` finds first: it notes what it was given. */
function fakeBrowser(): { readonly path: string; opened(): string | undefined } {
  const folder = mkdtempSync(join(tmpdir(), "beckon-browser-"));
  const noted = join(folder, "noted");
  writeFileSync(join(folder, "xdg-open"), `#!/bin/sh\nprintf %s "$*" > ${noted}.new && mv ${noted}.new ${noted}\n`, {
    mode: 0o755,
  });
  return {
    path: `${folder}:${process.env["PATH"]}`,
    opened: () => (existsSync(noted) ? readFileSync(noted, "utf8") : undefined),
  };
}

/** @returns the processes that this one has started, and those that they have */
function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" });
  const parents = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const found = [pid];
  for (const parent of found) found.push(...parents.filter(([, of]) => of === parent).map(([child]) => child ?? 0));
  return found;
}

/** A process that has ended, and that nobody has asked for its end yet, is not alive. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.startsWith("Z");
}
