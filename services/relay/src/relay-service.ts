import {
  aborted,
  type Message,
  now,
  type Service,
  type ServiceContext,
  ServiceFailure,
  type Subscription,
  SubscriptionRefused,
} from "@beckon/runtime";
import { RelayConfig, type RelaySettings, type Rule } from "./config.ts";
import type { RelayDriver } from "./drivers/driver.ts";
import { openDriver } from "./drivers/open-driver.ts";
import { GuardedRelay } from "./guarded-relay.ts";
import { SPELLING_MODEL } from "./rules.ts";

/** How often a connection is taken as a sign of life of whoever commands. */
const BROKER_BEAT_MS = 250;

/** Gestures, words and commands to switches; off when in doubt. */
export const relay: Service<RelayConfig> = {
  kind: "relay",
  config: RelayConfig,
  run: async (context) => {
    if (Object.keys(context.config.relays).length === 0)
      throw new ServiceFailure(
        "no relay is configured: add one to relay.relays in beckon.yaml, or leave the section out",
      );
    if (context.openBroker !== undefined)
      context.log.warn(
        `the broker at ${context.openBroker} lets anyone in without a user: whoever reaches it can switch these relays; give it users, and set mqtt.username and passwordFile`,
      );
    const relays = new Map<string, GuardedRelay>();
    try {
      for (const [name, settings] of Object.entries(context.config.relays))
        relays.set(name, await openRelay(name, settings, context));
      await serve(relays, context);
    } finally {
      for (const [name, open] of [...relays].toReversed())
        await open.close().catch((error: unknown) => context.log.warn(`${name} failed while closing: ${error}`));
    }
  },
};

async function openRelay(
  name: string,
  settings: RelaySettings,
  { bus, topics, log, stats, config }: ServiceContext<RelayConfig>,
): Promise<GuardedRelay> {
  let opened: GuardedRelay | undefined;
  const { activeLow, maxOn } = settings;
  const lost = (detail: string): void => opened?.driverLost(detail);
  const driver: RelayDriver = await openDriver(settings.driver, { name, activeLow, maxOn, bus, log, lost });
  const rules = config.rules.filter((rule) => rule.relay === name);
  opened = new GuardedRelay({ name, settings, rules, bus, topics, log, stats: stats.part(name) }, driver);
  await opened.begin();
  return opened;
}

/** Until the signal, or until one of the loops fails, which ends the others. */
async function serve(relays: ReadonlyMap<string, GuardedRelay>, context: ServiceContext<RelayConfig>): Promise<void> {
  const { bus } = context;
  const ending = new AbortController();
  const signal = AbortSignal.any([context.signal, ending.signal]);
  const all = [...relays.values()];
  let connectedAt = Number.POSITIVE_INFINITY;
  const stopListening = bus.onConnect(() => {
    connectedAt = now();
    for (const one of all) one.connected();
  });
  const beat = setInterval(() => {
    if (bus.connected) for (const one of all) one.brokerIsThere();
  }, BROKER_BEAT_MS);
  const { granted, loops } = subscribe(relays, context, signal, () => connectedAt);
  try {
    // `refusal` says what is wrong when it is not granted.
    granted.then(
      () => context.ready(),
      () => {},
    );
    // A subscription that waits for a broker must not hold up the stop.
    await Promise.race([aborted(signal), Promise.all([...loops, refusal(granted)])]);
  } finally {
    ending.abort();
    clearInterval(beat);
    stopListening();
    await Promise.allSettled(loops);
  }
}

function subscribe(
  relays: ReadonlyMap<string, GuardedRelay>,
  { bus, topics, config }: ServiceContext<RelayConfig>,
  signal: AbortSignal,
  connectedAt: () => number,
): { granted: Promise<unknown>; loops: Promise<void>[] } {
  const all = [...relays.values()];
  const granted: Promise<void>[] = [];
  const loops: Promise<void>[] = [];
  const follow = <T, N extends string>(subscription: Subscription<T, N>, see: (message: Message<T, N>) => void) => {
    granted.push(subscription.granted);
    loops.push(each(subscription, see));
  };
  const toAll =
    <T>(act: (one: GuardedRelay, message: T) => void) =>
    (message: T) => {
      for (const one of all) act(one, message);
    };
  const gestures = config.rules.filter(({ when }) => when.gesture !== undefined);
  const words = config.rules.filter(({ when }) => when.word !== undefined);
  // Heartbeats first: whatever is believed is believed because of them.
  if (config.rules.length > 0)
    follow(
      bus.subscribe(topics.state.matching({ camera: cameras(config.rules), model: models(config.rules) }), { signal }),
      toAll((one, message) => one.seeState(message)),
    );
  if (gestures.length > 0)
    follow(
      bus.subscribe(topics.gesture.matching({ camera: cameras(gestures), model: models(gestures) }), { signal }),
      toAll((one, message) => one.seeGesture(message)),
    );
  if (words.length > 0)
    follow(
      bus.subscribe(topics.text.matching({ camera: cameras(words) }), { signal }),
      toAll((one, message) => one.seeText(message)),
    );
  if (relays.size > 0)
    follow(bus.subscribe(topics.relaySet.matching({ relay: [...relays.keys()] }), { signal }), (message) =>
      relays.get(message.names.relay)?.seeCommand(message, message.arrivedAt - connectedAt()),
    );
  return { granted: Promise.all(granted), loops };
}

async function each<T>(messages: AsyncIterable<T>, see: (message: T) => void): Promise<void> {
  for await (const message of messages) see(message);
}

/** Of these rules, or none for any. */
function cameras(rules: readonly Rule[]): string[] {
  return allOrAny(rules.map(({ when }) => when.camera));
}

function models(rules: readonly Rule[]): string[] {
  return allOrAny(rules.map(({ when }) => when.model ?? (when.word === undefined ? undefined : SPELLING_MODEL)));
}

function allOrAny(names: readonly (string | undefined)[]): string[] {
  const known = names.filter((name) => name !== undefined);
  return known.length === names.length ? known : [];
}

async function refusal(granted: Promise<unknown>): Promise<void> {
  await granted.catch((cause: unknown) => {
    if (cause instanceof SubscriptionRefused) throw new ServiceFailure(cause.message, { cause });
  });
}
