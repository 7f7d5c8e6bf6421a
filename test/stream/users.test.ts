import { eventually } from "@beckon/runtime/testing";
import { drawScene } from "@beckon/synthetic";
import { encodeJpeg } from "@beckon/vision";
import { afterEach, expect, test } from "vitest";
import { beckon, stopAll, withConfig } from "./beckon-process.ts";
import { Onlooker, onlooker, topics } from "./onlooker.ts";

afterEach(stopAll);

const picture = await encodeJpeg(drawScene({ sign: "A", time: 0, width: 320, height: 240 }));

/** `beckon user hash`, as its words say: the line stands under broker.users. */
async function userLine(name: string, role: string, ...more: string[]): Promise<string> {
  const { code, lines } = await beckon(["user", "hash", name, "--role", role, ...more], {
    input: `${name}'s own`,
  }).end();
  expect(code).toBe(0);
  return lines.join("\n");
}

test("a house with users: each may do what its role says, and a wrong password ends a service", async () => {
  const lines = await Promise.all([
    userLine("cam", "camera", "--cameras", "desk"),
    userLine("eye", "viewer"),
    userLine("boss", "admin"),
    userLine("worker", "service"),
  ]);
  const house = withConfig(
    {
      broker: { port: 0, websocketPort: null },
      classifier: {},
      relay: { relays: { lamp: { driver: { kind: "simulated" } } } },
    },
    ["up", "--quiet", "--set", `broker.users={ ${lines.join(", ")} }`],
  );
  const [, url = ""] = await house.says(/listens at (mqtt:\/\/127\.0\.0\.1:\d+)/);
  await house.says(/classifier: ready/);
  await house.says(/relay: ready/);
  const eye = await onlooker(url, { username: "eye", password: "eye's own" });
  const results = await eye.sees(topics.result.matching());
  const states = await eye.sees(topics.relayState.matching());

  const camera = withConfig(
    {
      mqtt: { url, username: "cam" },
      "camera-publisher": { cameras: { desk: { source: "synthetic" }, hall: { source: "synthetic" } } },
    },
    ["camera-publisher", "--set", "mqtt.password=cam's own"],
  );
  await eventually(() => results.length >= 5);

  await eye.sends("beckon/relay/lamp/set", "ON", 1);
  await eye.sends("beckon/desk/frame", picture);
  const boss = await onlooker(url, { username: "boss", password: "boss's own" });
  // A plain command in the first second of a connection may be old.
  await eventually(async () => {
    if (states.at(-1)?.value.state === "ON") return true;
    await boss.sends("beckon/relay/lamp/set", "ON");
    return false;
  });
  expect(states.filter(({ value }) => value.state === "ON")).toHaveLength(1);
  await eventually(() => results.length >= 15);
  expect(new Set(results.map(({ names }) => names.camera))).toEqual(new Set(["desk"]));
  expect(results.filter(({ value }) => value.foreign)).toEqual([]);

  const stranger = withConfig({ mqtt: { url, username: "worker" } }, ["interpreter", "--set", "mqtt.password=a guess"]);
  const refused = await stranger.end();
  expect(refused.code).toBe(1);
  expect(refused.lines.filter((line) => line.startsWith("beckon: "))).toEqual([
    expect.stringMatching(/user.*password|password.*user/),
  ]);
  expect(refused.lines.join("\n")).not.toContain("a guess");
  const nobody = new Onlooker(url);
  await expect(nobody.bus.failed).rejects.toThrow();
  await nobody.close();
  expect(await camera.stop()).toMatchObject({ code: 0 });
  await Promise.all([eye.close(), boss.close()]);
  expect(await house.stop()).toMatchObject({ code: 0 });
  for (const { output } of [house, camera]) expect(output).not.toContain("'s own");
});
