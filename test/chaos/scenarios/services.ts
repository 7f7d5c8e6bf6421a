import { now } from "@beckon/runtime";
import type { BrokerName } from "../../bench/stream/services.ts";
import { type Home, SERVICES, type ServiceName, withHome } from "../home/home.ts";
import { type Recovery, type Sign, suffer, type Trouble } from "../home/recovery.ts";
import { recoveryBars } from "../recovery-bars.ts";
import type { ChaosScenario, ChaosStage } from "../scenario.ts";

/** Long enough that its broker gives a frozen client up, which takes 1.5 keepalives of 3 s. */
const LASTS_MS = 6500;
const KILLED_MS = 3000;
/** Bar of the project. */
const BACK_MS = 1000;

/** Results stop with what makes them; what comes after them shows its return by its own word. */
const SIGNS: Readonly<Record<ServiceName, Sign>> = {
  "camera-publisher": "result",
  classifier: "result",
  interpreter: "heartbeat",
  relay: "online",
};

/** Each service killed and frozen in turn, and the broker frozen. */
export const services: ChaosScenario = {
  name: "services",
  about: "each service killed (SIGKILL) and started, frozen (SIGSTOP) and thawed, in turn; the broker frozen",
  async run(stage) {
    const brokers = stage.quick ? stage.brokers.slice(0, 1) : stage.brokers;
    const bars = [];
    for (const broker of brokers)
      bars.push(...recoveryBars(`services, ${broker}`, await sufferAll(broker, stage), { broker, back: BACK_MS }));
    return bars;
  },
};

function sufferAll(broker: BrokerName, stage: ChaosStage): Promise<Recovery[]> {
  return withHome({ ...stage, broker }, async (home) => {
    const found: Recovery[] = [];
    for (const trouble of troublesOf(home, stage.quick)) {
      stage.signal.throwIfAborted();
      found.push(await suffer(home, trouble));
    }
    return found;
  });
}

/** Quick ones freeze only the classifier: a freeze takes until the broker has given it up. */
function troublesOf(home: Home, quick: boolean): Trouble[] {
  const frozen = quick ? (["classifier"] as const) : SERVICES;
  // Without an emulated pin nobody would see the lamp of a dead relay.
  const seen = (kind: ServiceName): boolean => kind !== "relay" || home.lamp.outlivesRelay;
  return [
    ...SERVICES.filter(seen).map((kind) => killed(home, kind)),
    ...frozen.filter(seen).map((kind) => frozenService(home, kind)),
    ...(quick ? [] : [frozenBroker(home, 2800), frozenBroker(home, LASTS_MS)]),
  ];
}

function killed({ services: actors }: Home, kind: ServiceName): Trouble {
  return {
    name: `${kind} killed`,
    kind,
    lasts: KILLED_MS,
    sign: SIGNS[kind],
    begin: () => actors[kind].kill(),
    end: () => actors[kind].start(),
  };
}

function frozenService({ services: actors }: Home, kind: ServiceName): Trouble {
  return {
    name: `${kind} frozen`,
    kind,
    lasts: LASTS_MS,
    sign: SIGNS[kind],
    begin: () => actors[kind].freeze(),
    end: async () => {
      const at = now();
      actors[kind].thaw();
      return at;
    },
  };
}

function frozenBroker({ broker }: Home, lasts: number): Trouble {
  return {
    name: `broker frozen for ${lasts / 1000} s`,
    lasts,
    brokerFrozen: true,
    begin: () => broker.freeze(),
    end: async () => {
      const at = now();
      broker.thaw();
      return at;
    },
  };
}
