import { now } from "@beckon/runtime";
import { type Home, withHome } from "../home/home.ts";
import { type Recovery, suffer, type Trouble } from "../home/recovery.ts";
import { recoveryBars } from "../recovery-bars.ts";
import { type ChaosScenario, inMs } from "../scenario.ts";

/** How long it is away, in turn: as short as it can be, and long enough that the lamp has to go off. */
const AWAY_MS = [2800, 0, 800];
const BACK_MS = 1000;

/** The broker killed, and started on the same port, again and again. */
export const broker: ChaosScenario = {
  name: "broker",
  about: "the broker killed (SIGKILL) and started again, as often as there are rounds",
  async run(stage) {
    const bars = [];
    for (const name of stage.brokers) {
      const found = await withHome({ ...stage, broker: name }, async (home) => {
        const recoveries: Recovery[] = [];
        for (let round = 0; round < stage.rounds; round++) {
          stage.signal.throwIfAborted();
          recoveries.push(await suffer(home, brokerKilled(home, round)));
        }
        return recoveries;
      });
      bars.push(...recoveryBars(`broker killed, ${name}`, found, { broker: name, back: BACK_MS }));
    }
    return bars;
  },
};

function brokerKilled({ broker: actor, witness }: Home, round: number): Trouble {
  const lasts = AWAY_MS[round % AWAY_MS.length] ?? 0;
  let killedAt = 0;
  return {
    name: `kill ${round + 1}, away for ${inMs(lasts)}`,
    lasts,
    begin: async () => {
      await actor.kill();
      killedAt = now();
    },
    end: async () => {
      const readyAt = await actor.start();
      // It takes connections before it has said so; it is back when it took the first.
      return witness.connectedAt > killedAt ? Math.min(readyAt, witness.connectedAt) : readyAt;
    },
  };
}
