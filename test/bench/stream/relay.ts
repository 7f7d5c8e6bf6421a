import { type Bar, formatTable } from "../bars.ts";
import { measureApart } from "../bench.ts";
import { withPrograms } from "./programs.ts";
import type { RelayOutcome, RelayRequest } from "./relay-round.ts";
import { CAMERA, METER_FLAGS, ms, percentile, type Scenario, type Stage } from "./scenario.ts";
import { type BrokerName, startBeckon, startBroker } from "./services.ts";

const RELAY = "lamp";
const BAR_MS = 10;
const RULES = [
  { when: { gesture: "A" }, relay: RELAY, do: "on" },
  { when: { gesture: "B" }, relay: RELAY, do: "off" },
];

/** From the result that decides a gesture to the relay that it switches: interpreter, broker twice, relay. */
export const relay: Scenario = {
  name: "relay",
  about: "from the sending of the result that decides a gesture to the relay's event, at 30 results a second",
  async measure(stage) {
    const changes = stage.quick ? 8 : 100;
    const rows: string[][] = [];
    const bars: Bar[] = [];
    for (const broker of stage.brokers) {
      const { toGesture, toEvent, refused } = await measureRelay(broker, changes, stage);
      rows.push(rowOf(`${broker}, to the gesture`, toGesture), rowOf(`${broker}, to the relay's event`, toEvent));
      const p95 = percentile(toEvent, 0.95);
      bars.push(
        {
          what: `result to relay, ${broker}: ${toEvent.length} of ${changes} switched, ${refused} refused`,
          bar: "all",
          passed: toEvent.length === changes && refused === 0,
        },
        { what: `result to relay, ${broker}: p95 ${ms(p95)} ms`, bar: `at most ${BAR_MS} ms`, passed: p95 <= BAR_MS },
      );
    }
    console.log(formatTable(["", "switches", "p50", "p95", "p99", "max ms"], rows));
    return bars;
  },
};

function measureRelay(broker: BrokerName, changes: number, { folder, signal }: Stage): Promise<RelayOutcome> {
  return withPrograms(signal, async (start) => {
    const { port } = await startBroker(broker, folder, start);
    const settings = {
      [`relay.relays.${RELAY}`]: { driver: { kind: "simulated" }, minOff: 0 },
      "relay.rules": RULES,
    };
    await startBeckon("relay", { port, folder, settings }, start);
    await startBeckon("interpreter", { port, folder }, start);
    const gestures = ["A", "B"];
    const request: RelayRequest = { port, camera: CAMERA, model: "letters", relay: RELAY, gestures, changes };
    return measureApart(new URL("./relay-round.ts", import.meta.url), request, signal, METER_FLAGS);
  });
}

function rowOf(name: string, times: readonly number[]): string[] {
  return [name, String(times.length), ...[0.5, 0.95, 0.99, 1].map((share) => ms(percentile(times, share)))];
}
