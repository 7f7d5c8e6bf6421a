import type { Qos, Topic, TopicFilter } from "@beckon/protocol";
import type { Logger } from "pino";
import type { Bus, SubscribeOptions, Subscription } from "./bus.ts";
import { type Arrival, createInbox } from "./inbox.ts";
import type { Stats } from "./stats.ts";
import { throttled } from "./throttled.ts";

interface Listener {
  readonly qos: Qos;
  readonly deliver: (arrival: Arrival) => void;
}

/** What the memory buses of one process have in common, as a broker has: who listens, and what is retained. */
export class MemoryHub {
  readonly listeners = new Set<Listener>();
  readonly retained = new Map<string, Arrival>();
}

/**
 * A bus inside one process. Payloads go through their codecs as on a wire, so that it refuses and strips what MQTT would.
 *
 * @param hub shared by the buses that are to meet
 * @param log told of payloads that do not fit
 */
export function createMemoryBus(hub: MemoryHub, stats: Pick<Stats, "drop">, log?: Pick<Logger, "warn">): Bus {
  const closing = new AbortController();
  const warnings = log && throttled(log);
  const publish = async <T>(topic: Topic<T>, value: T): Promise<boolean> => {
    if (closing.signal.aborted) return false;
    const { path, qos } = topic;
    const payload = topic.codec.encode(value);
    if (topic.retain) hub.retained.set(path, { path, payload, qos, retained: true });
    // Whoever publishes goes on before anyone receives, as over a socket.
    await Promise.resolve();
    for (const listener of hub.listeners) deliver(listener, { path, payload, qos, retained: false });
    return true;
  };
  const subscribe = <T, N extends string>(filter: TopicFilter<T, N>, options: SubscribeOptions): Subscription<T, N> => {
    const end = (): void => {
      hub.listeners.delete(listener);
      inbox.mailbox.close();
      for (const ending of endings) ending.removeEventListener("abort", end);
    };
    const endings = [options.signal, closing.signal];
    const inbox = createInbox(filter, options, { stats, ...(warnings ? { warnings } : {}), left: end });
    const listener: Listener = { qos: filter.qos, deliver: inbox.deliver };
    const subscription: Subscription<T, N> = {
      granted: Promise.resolve(),
      [Symbol.asyncIterator]: () => inbox.mailbox,
    };
    if (endings.some(({ aborted }) => aborted)) {
      end();
      return subscription;
    }
    for (const ending of endings) ending.addEventListener("abort", end, { once: true });
    hub.listeners.add(listener);
    for (const arrival of hub.retained.values()) deliver(listener, arrival);
    return subscription;
  };
  return {
    publish,
    subscribe,
    backlog: 0,
    get connected() {
      return !closing.signal.aborted;
    },
    onConnect: (listener) => {
      if (!closing.signal.aborted) listener();
      return () => {};
    },
    onDisconnect: (listener) => {
      closing.signal.addEventListener("abort", listener, { once: true });
      return () => closing.signal.removeEventListener("abort", listener);
    },
    close: async () => closing.abort(),
  };
}

/** With the lower QoS of the two, as a broker does. */
function deliver(listener: Listener, arrival: Arrival): void {
  listener.deliver(arrival.qos > listener.qos ? { ...arrival, qos: listener.qos } : arrival);
}
