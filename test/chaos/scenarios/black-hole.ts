import { now } from "@beckon/runtime";
import type { BrokerName } from "../../bench/stream/services.ts";
import { type Home, type ServiceName, withHome } from "../home/home.ts";
import { type Recovery, suffer, type Trouble } from "../home/recovery.ts";
import { recoveryBars } from "../recovery-bars.ts";
import { type ChaosBar, type ChaosScenario, type ChaosStage, outcome, within } from "../scenario.ts";

const LONG_MS = 30_000;
/** As short as it can be to be noticed at both ends. */
const QUICK_MS = 7000;
/** Too short to be noticed: all that was sent meanwhile comes late. */
const SHORT_MS = 3000;
/** Bars of the project, and what a service waits at most before it connects again. */
const BACK_MS = 1000 + 400;
const NOTICED_MS = 5000;

const LINKS = ["classifier", "relay", "camera-publisher"] as const;

/** A link that takes everything and passes nothing on. */
export const blackHole: ChaosScenario = {
  name: "black-hole",
  about: `the link of the classifier, the relay and the camera black-holed for ${LONG_MS / 1000} s, and for ${SHORT_MS / 1000} s`,
  async run(stage) {
    const bars: ChaosBar[] = [];
    for (const broker of stage.quick ? stage.brokers.slice(0, 1) : stage.brokers)
      bars.push(...(await holed(broker, stage)));
    return bars;
  },
};

function holed(broker: BrokerName, stage: ChaosStage): Promise<ChaosBar[]> {
  return withHome({ ...stage, broker, proxied: LINKS }, async (home) => {
    const found: Recovery[] = [];
    const noticed: number[] = [];
    for (const kind of stage.quick ? (["classifier"] as const) : LINKS) {
      stage.signal.throwIfAborted();
      const recovery = await suffer(home, hole(home, kind, stage.quick ? QUICK_MS : LONG_MS));
      found.push(recovery);
      noticed.push(noticedBy(home, kind, recovery.begun));
      if (!stage.quick) found.push(await suffer(home, { ...hole(home, kind, SHORT_MS), kind: undefined }));
    }
    const where = `black hole, ${broker}`;
    const unnoticed = noticed.filter((time) => !Number.isFinite(time)).length;
    return [
      ...recoveryBars(where, found, { broker, back: BACK_MS }),
      outcome(`${where}: not noticed by the service: ${unnoticed}`, "0", unnoticed === 0),
      within(`${where}: noticed by the service`, noticed, NOTICED_MS),
    ];
  });
}

function hole({ proxies }: Home, kind: ServiceName, lasts: number): Trouble {
  const proxy = proxies.get(kind);
  return {
    name: `${kind} for ${lasts / 1000} s`,
    kind,
    lasts,
    sign: kind === "relay" && lasts > SHORT_MS ? "online" : "result",
    begin: () => proxy?.blackHole(),
    end: async () => {
      const at = now();
      await proxy?.restore();
      return at;
    },
  };
}

function noticedBy({ services }: Home, kind: ServiceName, begun: number): number {
  return (services[kind].said(/lost the broker/, begun) ?? Number.POSITIVE_INFINITY) - begun;
}
