import { formatTable } from "../bench/bars.ts";
import type { BrokerName } from "../bench/stream/services.ts";
import { MAX_AGE_MS } from "./home/evidence.ts";
import { LAMP_OFF_MS, type Recovery } from "./home/recovery.ts";
import { type ChaosBar, inMs, outcome, within } from "./scenario.ts";

export interface RecoveryLimits {
  readonly broker: BrokerName;
  /** From the return until results flow, ms. */
  readonly back: number;
}

/**
 * Until a service is told to be offline, ms: 1.5 keepalives of 3 s. Mosquitto looks for clients that are silent every 6 s
 * only (its keepalive.c).
 */
const OFFLINE_MS: Readonly<Record<BrokerName, number>> = { embedded: 5000, mosquitto: 11_500 };

/** What was just young enough when its turn came is older when its result is here. */
const ANSWER_MS = 50;

/** Prints what came of every trouble, and holds it to its bars. */
export function recoveryBars(where: string, found: readonly Recovery[], limits: RecoveryLimits): ChaosBar[] {
  const heading = [where, "lamp off", "told offline", "back", "oldest", "old frames", "old switches"];
  console.log(formatTable(heading, found.map(rowOf)));
  const lampOff = found.flatMap(({ lampOff }) => lampOff ?? []);
  const offline = found.flatMap(({ offline }) => offline ?? []);
  const failed = (text: (recovery: Recovery) => readonly string[]): string =>
    found
      .flatMap((recovery) => text(recovery).map((line) => `${recovery.name}: ${line}`))
      .slice(0, 5)
      .join("; ");
  const none = (what: string, faults: string): ChaosBar =>
    outcome(`${where}: ${what}: ${faults || "none"}`, "none", faults === "");
  const named = (bad: (recovery: Recovery) => boolean): string =>
    found
      .filter(bad)
      .map(({ name }) => name)
      .join(", ");
  return [
    outcome(`${where}: ${found.length} troubles`, "at least one", found.length > 0),
    none(
      "no results afterwards",
      named(({ back }) => !Number.isFinite(back)),
    ),
    none(
      "not all told online afterwards",
      named(({ online }) => !online),
    ),
    none(
      "no gesture switches afterwards",
      named(({ lampAgain }) => !lampAgain),
    ),
    none(
      "never told offline",
      named(({ offline: time }) => time === Number.POSITIVE_INFINITY),
    ),
    none(
      "lamp stayed on",
      named(({ lampOff: time }) => time === Number.POSITIVE_INFINITY),
    ),
    none(
      "frames classified when older than 1 s",
      failed(({ oldFrames }) => oldFrames),
    ),
    none(
      "switched on by anything old",
      failed(({ oldSwitches }) => oldSwitches),
    ),
    ...(lampOff.length > 0 ? [within(`${where}: lamp off`, lampOff, LAMP_OFF_MS)] : []),
    ...(offline.length > 0 ? [within(`${where}: told offline`, offline, OFFLINE_MS[limits.broker])] : []),
    within(
      `${where}: age of the oldest result`,
      found.map(({ oldest }) => oldest),
      MAX_AGE_MS + ANSWER_MS,
    ),
    within(
      `${where}: back`,
      found.map(({ back }) => back),
      limits.back,
    ),
  ];
}

function rowOf({ name, lampOff, offline, back, oldest, oldFrames, oldSwitches }: Recovery): string[] {
  const time = (value: number | undefined): string => (value === undefined ? "-" : inMs(value));
  return [
    name,
    time(lampOff),
    time(offline),
    time(back),
    time(oldest),
    String(oldFrames.length),
    String(oldSwitches.length),
  ];
}
