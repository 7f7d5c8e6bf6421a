import { createBoot, type Result, type ServiceStats } from "@beckon/protocol";
import type { Message } from "@beckon/runtime";
import { eventually, type Mosquitto, startMosquitto, withDebian } from "@beckon/runtime/testing";
import { drawScene } from "@beckon/synthetic";
import { encodeJpeg } from "@beckon/vision";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BeckonProcess, stopAll, withConfig } from "./beckon-process.ts";
import { claiming, progressiveBomb, withComment } from "./hostile-pictures.ts";
import { balance, type Onlooker, onlooker, topics } from "./onlooker.ts";

const picture = await encodeJpeg(drawScene({ sign: "A", time: 0, width: 320, height: 240 }));

withDebian("mosquitto")("services on a broker where anybody sends anything", () => {
  let broker: Mosquitto;
  let house: BeckonProcess;
  let looking: Onlooker;
  let results: Message<Result, "camera" | "model">[];
  let stats: Message<ServiceStats, "kind" | "id">[];

  beforeAll(async () => {
    broker = await startMosquitto();
    house = withConfig(
      {
        mqtt: { url: broker.url },
        classifier: {},
        interpreter: {},
        relay: { relays: { lamp: { driver: { kind: "simulated" } } } },
      },
      ["up", "--quiet"],
    );
    looking = await onlooker(broker.url);
    results = await looking.sees(topics.result.matching());
    stats = await looking.sees(topics.stats.matching());
    await house.says(/classifier: ready/);
  });
  afterAll(async () => {
    await looking?.close();
    await stopAll();
    await broker?.stop();
  });

  /** The figures of a service that come from now on. */
  async function statsOf(kind: string, check: (stats: ServiceStats) => void): Promise<ServiceStats> {
    return eventually(() => {
      const latest = stats.findLast(({ names }) => names.kind === kind)?.value;
      if (latest) check(latest);
      return latest;
    });
  }

  async function isStillAnswered(): Promise<void> {
    const before = results.length;
    await eventually(async () => {
      await looking.sends("beckon/desk/frame", picture);
      return results.length > before;
    });
  }

  test("a picture that knows nothing of us is classified, and its result says so", async () => {
    await isStillAnswered();
    expect(results.at(-1)?.value).toMatchObject({ camera: "desk", model: "letters", label: "A", foreign: true });
  });

  test("pictures that are none, lie, or are made to keep a decoder busy are counted by reason, and the stream goes on", async () => {
    const boot = createBoot(Date.now());
    const hostile: readonly (readonly [string, Uint8Array | string])[] = [
      ["bad-image", ""],
      ["bad-image", "no picture at all"],
      ["bad-image", picture.subarray(0, 2000)],
      ["bad-image", picture.subarray(0, picture.length >> 1)],
      ["bad-image", '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'],
      ["bad-image", progressiveBomb(140_000)],
      ["too-large", Buffer.concat([picture, Buffer.alloc(10_000_000)])],
      ["too-large", claiming(picture, 20_000, 20_000)],
      ["too-large", claiming(picture, 20_000, 240)],
      ["bad-envelope", withComment(picture, "{")],
      ["bad-envelope", withComment(picture, `{"seq":-1,"boot":"${boot}","at":1,"width":320,"height":240}`)],
      [
        "bad-envelope",
        withComment(picture, `{"seq":1,"boot":"${boot}","at":1,"width":320,"height":240,"roi":[0,0,9,9]}`),
      ],
    ];
    const wanted: Record<string, number> = {};
    for (const [index, [reason, payload]] of hostile.entries()) {
      // Each by a camera of its own, or a newer one would take the place of the one before.
      await looking.sends(`beckon/foe-${index}/frame`, payload);
      await isStillAnswered();
      wanted[reason] = (wanted[reason] ?? 0) + 1;
    }
    const found = await statsOf("classifier", ({ parts }) => expect(parts["letters"]?.drops).toMatchObject(wanted));
    const { received, answeredForLostAndInHand } = balance(found, "letters");
    expect(answeredForLostAndInHand).toBe(received);
  });

  test("cameras with names that topics cannot have are no cameras", async () => {
    const before = results.length;
    for (const name of ["DESK", "a b", "desk\u202e", "x".repeat(33), "relay", "../desk"])
      await looking.sends(`beckon/${name}/frame`, picture);
    await isStillAnswered();
    expect(new Set(results.slice(before).map(({ names }) => names.camera))).toEqual(new Set(["desk"]));
    // A wildcard in a topic is the end of who sends it, and of nobody else.
    const rude = await onlooker(broker.url);
    await rude.sends("beckon/+/frame", picture).catch(() => false);
    await rude.close();
    await isStillAnswered();
  });

  test("JSON of the wrong shape, without a number where one belongs, or nested without end is dropped with its reason", async () => {
    const [good] = results;
    const nested = "[".repeat(500_000) + "]".repeat(500_000);
    const hostile = [
      ["bad-json", "{"],
      ["bad-json", JSON.stringify(good?.value).replace(/"confidence":[\d.]+/, '"confidence":NaN')],
      ["bad-shape", JSON.stringify({ ...good?.value, confidence: null })],
      ["bad-shape", JSON.stringify({ ...good?.value, confidence: 7 })],
      ["bad-shape", "[]"],
      ["too-large", nested],
    ] as const;
    for (const [, payload] of hostile) {
      await looking.sends("beckon/desk/result/letters", payload, 1);
      await looking.sends("beckon/relay/lamp/set", payload, 1);
    }
    const lost = ({ drops }: ServiceStats): number => Object.values(drops).reduce((sum, count) => sum + count, 0);
    for (const kind of ["interpreter", "relay"]) {
      const found = await statsOf(kind, (figures) => expect(lost(figures)).toBeGreaterThanOrEqual(hostile.length));
      expect(Object.keys(found.drops)).toEqual(expect.arrayContaining(["bad-json", "bad-shape", "too-large"]));
    }
    await isStillAnswered();
  });

  test("a flood of rubbish is one line a second and reason, and no line shows it raw", async () => {
    const before = house.lines.length;
    const from = performance.now();
    for (let index = 0; index < 2000; index++) await looking.sends("beckon/desk/frame", "\u001b[2Jrubbish");
    await isStillAnswered();
    const seconds = Math.ceil((performance.now() - from) / 1000);
    const said = house.lines.slice(before).filter((line) => /not a JPEG/.test(line));
    expect(said.length).toBeGreaterThan(0);
    expect(said.length).toBeLessThanOrEqual(seconds + 1);
    expect(house.output).not.toContain("\u001b[2J");
    expect(house.output).not.toMatch(/\n {4}at /);
    expect(await house.stop()).toMatchObject({ code: 0 });
  });
});
