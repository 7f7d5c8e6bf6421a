import { setTimeout as sleep } from "node:timers/promises";
import { createBoot, createTopics, type Gesture } from "@beckon/protocol";
import { connectMqttBus, createLogger, type MqttBus, now, Stats } from "@beckon/runtime";
import { type Home, soon, withHome } from "../home/home.ts";
import { CAMERA, ID, LAMP, MODEL } from "../home/names.ts";
import { type ChaosBar, type ChaosScenario, outcome } from "../scenario.ts";

const TOTAL = 10_000;
const QUICK_TOTAL = 2000;
/** So many are on their way at once: a relay that drops some would not have refused them. */
const AT_ONCE = 20;
/** A live gesture is sent again so often, at once. */
const ECHOES = 3;
const PATIENCE_MS = 30_000;
/** Older than any of it may be obeyed, and the lamp off without its source. */
const FORGOTTEN_MS = 3000;
/** A relay tells at most 5 refusals a second: then the next tells how many it kept to itself. */
const UNTOLD_MS = 1500;

const HAND = { text: "ABC", letter: 1200, rest: 500, pause: 700 };
/** It has no rule. */
const IDLE_SIGN = "O";
const RULES = [
  { when: { gesture: "A" }, relay: LAMP, do: "toggle" },
  { when: { gesture: "B" }, relay: LAMP, do: "on" },
  { when: { gesture: "C" }, relay: LAMP, do: "toggle" },
];

/** Of the camera's last frame. */
type Stamp = Pick<Gesture, "boot" | "seq" | "at">;

interface Replayed {
  readonly gesture: Gesture;
  readonly retain?: boolean;
  readonly camera?: string;
}

/** Ways in which a recorded gesture comes again; `share` is between 0 and 1. */
const WAYS: readonly ((recorded: Gesture, live: Stamp, share: number) => Replayed)[] = [
  (gesture) => ({ gesture }),
  (gesture) => ({ gesture, retain: true }),
  (gesture, { seq }) => ({ gesture: { ...gesture, seq } }),
  (gesture, { seq }, share) => ({ gesture: { ...gesture, seq, at: now() - 1500 - share * 1e6 } }),
  (gesture, { boot, seq }, share) => ({ gesture: { ...gesture, boot, seq, at: now() + 500 + share * 1e7 } }),
  (gesture, live, share) => ({ gesture: { ...gesture, ...live, boot: createBoot(Date.now() - 1e6 - share * 1e9) } }),
  (gesture, live, share) => ({ gesture: { ...gesture, ...live, boot: createBoot(Date.now() + 1e4 + share * 1e9) } }),
  (gesture, live) => ({ gesture: { ...gesture, ...live, camera: "door" }, camera: "door" }),
];

/** A live session is recorded, and comes again in every way. */
export const replay: ChaosScenario = {
  name: "replay",
  about: `the gestures of a live session replayed ${TOTAL} times: as they were, retained, duplicated, reordered, renumbered, late, from the future, from other boots`,
  run: (stage) =>
    withHome({ ...stage, broker: "embedded", hand: HAND, rules: RULES }, async (home) => {
      const clientId = `replay-${process.pid}`;
      const log = createLogger({ service: "replay", level: "silent", format: "json" });
      const bus = connectMqttBus({ url: `mqtt://127.0.0.1:${home.port}`, clientId, log, stats: new Stats() });
      try {
        await soon(() => bus.connected);
        return await replayTo(home, bus, stage.quick ? QUICK_TOTAL : TOTAL, stage.quick ? 3 : 15);
      } finally {
        await bus.close();
      }
    }),
};

async function replayTo(home: Home, bus: MqttBus, total: number, gestures: number): Promise<ChaosBar[]> {
  const recorded = await record(home, bus, gestures);
  const twice = switchedTwice(home, recorded);
  const echoes = outcome(
    `replay: ${recorded.length} live gestures, each sent ${ECHOES} times more at once: ${twice} switched twice`,
    "0, and a switch for at least one",
    twice === 0 && byGesture(home, 0) > 0,
  );
  const idle = await signNothing(home, bus);
  const beside = await replayAll(home, bus, recorded, total / 2);
  await home.services.relay.kill();
  await home.services.relay.start();
  const kept = await switchesWhile(home, () => sleep(FORGOTTEN_MS));

  await home.services["camera-publisher"].kill();
  await sleep(FORGOTTEN_MS);
  const without = await replayAll(home, bus, recorded, total / 2);
  await home.services["camera-publisher"].start();
  const before = byGesture(home, 0);
  const obeys = await soon(() => byGesture(home, 0) > before, PATIENCE_MS);
  return [
    echoes,
    outcome("replay: the camera goes on with a sign without a rule", "it does", idle),
    ...replayBars("beside the live camera", beside, total / 2),
    outcome(`replay: a new relay is given what was retained: ${kept} switches`, "0", kept === 0),
    ...replayBars("with the camera gone", without, total / 2),
    outcome("replay: the relay obeys a live gesture afterwards", "it does", obeys),
  ];
}

interface Outcome {
  readonly switches: number;
  readonly refused: number;
}

function replayBars(when: string, { switches, refused }: Outcome, sent: number): ChaosBar[] {
  return [
    outcome(`replay: ${sent} recorded gestures ${when}: ${switches} switches`, "0", switches === 0),
    outcome(`replay: ${sent} recorded gestures ${when}: ${refused} refused`, "all", refused >= sent),
  ];
}

/** Writes a live session down, and sends each of its gestures again as soon as it is heard of. */
async function record(home: Home, bus: MqttBus, count: number): Promise<Gesture[]> {
  const { witness } = home;
  const heard: Gesture[] = [];
  await soon(() => {
    const starts = witness.gestures.map(({ value }) => value).filter(({ phase }) => phase === "start");
    for (const gesture of starts.slice(heard.length)) {
      heard.push(gesture);
      for (let echo = 0; echo < ECHOES; echo++) void send(bus, { gesture });
    }
    return heard.length >= count && byGesture(home, 0) > 0;
  }, PATIENCE_MS * count);
  await sleep(500);
  return heard;
}

/** Of the gestures, those after which the lamp switched more than once before the next. */
function switchedTwice({ lamp }: Home, gestures: readonly Gesture[]): number {
  return gestures.filter(({ at }, index) => {
    const next = gestures[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    return lamp.switches.filter((change) => change.at >= at && change.at < next).length > 1;
  }).length;
}

/** The hand goes on with a sign that switches nothing, in the same life of the camera. */
async function signNothing({ witness }: Home, bus: MqttBus): Promise<boolean> {
  const topic = createTopics().serviceSet({ kind: "camera-publisher", id: ID });
  await bus.publish(topic, { cameras: { [CAMERA]: { text: IDLE_SIGN } } });
  const idle = await soon(() => witness.gestures.at(-1)?.value.gesture === IDLE_SIGN, PATIENCE_MS);
  await sleep(FORGOTTEN_MS);
  return idle;
}

async function replayAll(home: Home, bus: MqttBus, recorded: readonly Gesture[], count: number): Promise<Outcome> {
  const from = now();
  const switches = await switchesWhile(home, async () => {
    for (let sent = 0; sent < count; sent += AT_ONCE) {
      const live = liveStamp(home);
      await Promise.all(
        Array.from({ length: AT_ONCE }, (_, index) => {
          const [way, which] = [WAYS[(sent + index) % WAYS.length], recorded[(sent * 7 + index * 3) % recorded.length]];
          return way && which && live ? send(bus, way(which, live, Math.random())) : undefined;
        }),
      );
    }
    // The last one tells how many were refused in silence.
    await sleep(UNTOLD_MS);
    if (recorded[0]) await send(bus, { gesture: recorded[0] });
    await sleep(UNTOLD_MS);
  });
  const refusals = home.witness.relayEvents.filter(({ arrivedAt }) => arrivedAt > from).map(({ value }) => value);
  const refused = refusals.reduce((sum, event) => sum + ("refused" in event ? 1 + (event.suppressed ?? 0) : 0), 0);
  // Without the one that asked.
  return { switches, refused: refused - 1 };
}

async function switchesWhile(home: Home, work: () => Promise<unknown>): Promise<number> {
  const from = now();
  const before = home.lamp.switches.length;
  await work();
  return Math.max(home.lamp.switches.length - before, byGesture(home, from));
}

/** Switches by a gesture, as the relay tells of them. */
function byGesture({ witness }: Home, from: number): number {
  return witness.relayEvents.filter(
    ({ arrivedAt, value }) => arrivedAt > from && !("refused" in value) && value.cause.by === "gesture",
  ).length;
}

function liveStamp({ witness }: Home): Stamp | undefined {
  const last = witness.results.at(-1)?.value;
  return last && { boot: last.boot, seq: last.seq, at: last.at };
}

async function send(bus: MqttBus, { gesture, retain = false, camera = CAMERA }: Replayed): Promise<void> {
  await bus.publish({ ...createTopics().gesture({ camera, model: MODEL }), retain }, gesture);
}
