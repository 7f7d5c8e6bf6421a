import { setTimeout as sleep } from "node:timers/promises";
import { now } from "@beckon/runtime";
import { eventually } from "@beckon/runtime/testing";
import { type Evidence, evidenceOf, offAfter } from "./evidence.ts";
import { type Home, type ServiceName, soon } from "./home.ts";
import { Witness } from "./witness.ts";

/** A trouble, and its end. */
export interface Trouble {
  readonly name: string;
  /** Whose status has to become offline; undefined where nobody is there to say so. */
  readonly kind?: ServiceName | undefined;
  /** How long it lasts at least, ms: longer than the relay waits for its source. */
  readonly lasts: number;
  begin(): Promise<void> | void;
  /** @returns when that which was gone is back, by `now()` */
  end(): Promise<number>;
  /** What shows that it is back; a result unless given. */
  readonly sign?: Sign | undefined;
  readonly brokerFrozen?: boolean;
}

export type Sign = "result" | "heartbeat" | "online";

/** What came of it; times in ms, infinite for what never came. */
export interface Recovery extends Evidence {
  readonly name: string;
  readonly begun: number;
  /** From the beginning until the lamp was off; undefined when the trouble was over before it had to be. */
  readonly lampOff: number | undefined;
  /** From the beginning until the service was told to be offline. */
  readonly offline: number | undefined;
  /** From the return until the sign. */
  readonly back: number;
  /** Every service is told to be online again. */
  readonly online: boolean;
  /** A gesture switches the lamp on again. */
  readonly lampAgain: boolean;
}

/** The lamp has to be off by then. */
export const LAMP_OFF_MS = 2000;
/** After the last moment at which the lamp has to be off, it is looked at for so long. */
const MARGIN_MS = 700;
const GIVE_UP_MS = 20_000;
/** What the broker keeps has come by then. */
const NEWCOMER_MS = 100;

/** All are there, the lamp is on and its source lives: where every trouble begins. */
async function settled(home: Home): Promise<boolean> {
  return (await allOnline(home)) && soon(() => home.lamp.on && lives(home, now() - 700), GIVE_UP_MS);
}

/** Lets a trouble come and go, and watches. */
export async function suffer(home: Home, trouble: Trouble): Promise<Recovery> {
  const { kind } = trouble;
  if (!(await settled(home))) throw new Error(`before ${trouble.name}: no gesture switches the lamp on`);
  const begun = now();
  await trouble.begin();
  const offlineAt = (): number | undefined =>
    kind &&
    home.witness.statuses.get(kind)?.find(({ arrivedAt, value }) => arrivedAt > begun && value.state === "offline")
      ?.arrivedAt;
  if (kind && trouble.lasts > LAMP_OFF_MS) await soon(() => offlineAt() !== undefined, GIVE_UP_MS);
  await sleep(Math.max(0, begun + trouble.lasts - now()));
  const seen = trouble.lasts >= LAMP_OFF_MS + MARGIN_MS;
  const lampOff = seen ? offAfter(home, begun) : undefined;
  const ended = await trouble.end();
  const back = await signAfter(home, trouble.sign ?? "result", ended);
  const lampAgain = await soon(
    () => home.lamp.on && home.lamp.switches.some(({ on, at }) => on && (at > ended || !seen)),
    GIVE_UP_MS,
  );
  const online = await allOnline(home);
  const told = offlineAt();
  if (kind && !(online && Number.isFinite(back)))
    console.log(`${kind} did not come back after ${trouble.name}; it said last:\n${home.services[kind].lastWords}`);
  return {
    name: trouble.name,
    begun,
    lampOff,
    offline: kind && seen ? (told ?? Number.POSITIVE_INFINITY) - begun : undefined,
    back,
    online,
    lampAgain,
    ...evidenceOf(home, { from: begun, brokerFrozenAt: trouble.brokerFrozen ? begun : undefined }),
  };
}

/** A frame of later than this moment has reached the heartbeat, by which the relay lives. */
function lives({ witness }: Home, moment: number): boolean {
  return (witness.states.at(-1)?.value.frameAt ?? 0) > moment;
}

/** What who comes now is told of every service. */
async function allOnline({ port, services }: Home): Promise<boolean> {
  const told = async (): Promise<boolean> => {
    const newcomer = await Witness.open(port);
    await sleep(NEWCOMER_MS);
    newcomer.close();
    return Object.keys(services).every((kind) => newcomer.status(kind)?.value.state === "online");
  };
  return eventually(told, { within: GIVE_UP_MS }).catch(() => false);
}

async function signAfter(home: Home, sign: Sign, moment: number): Promise<number> {
  const found = (): number | undefined => {
    const { witness } = home;
    if (sign === "online")
      return witness.statuses
        .get("relay")
        ?.find(({ arrivedAt, value }) => arrivedAt > moment - 2000 && value.state === "online")?.arrivedAt;
    if (sign === "heartbeat") return witness.states.find(({ value: { frameAt = 0 } }) => frameAt > moment)?.arrivedAt;
    return witness.results.find(({ value }) => value.at > moment)?.arrivedAt;
  };
  if (!(await soon(() => found() !== undefined, GIVE_UP_MS))) return Number.POSITIVE_INFINITY;
  return Math.max(0, (found() ?? moment) - moment);
}
