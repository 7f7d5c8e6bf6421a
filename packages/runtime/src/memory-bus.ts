import type { Codec, Qos, Topic, TopicFilter } from "@beckon/protocol";
import { ProtocolError } from "@beckon/protocol";
import type { Bus, Message, SubscribeOptions, Subscription } from "./bus.ts";
import { now } from "./clock.ts";
import { Mailbox } from "./mailbox.ts";
import type { Stats } from "./stats.ts";

interface Publication {
  readonly payload: Uint8Array;
  readonly qos: Qos;
}

interface Listener {
  readonly matches: (path: string) => boolean;
  readonly deliver: (path: string, publication: Publication, retained: boolean) => void;
}

/** What the memory buses of one process have in common, as a broker has: who listens, and what is retained. */
export class MemoryHub {
  readonly listeners = new Set<Listener>();
  readonly retained = new Map<string, Publication>();
}

const MAX_WAITING = 1024;

/**
 * A bus inside one process. Payloads go through their codecs as on a wire, so that it refuses and strips what MQTT would.
 *
 * @param hub shared by the buses that are to meet
 */
export function createMemoryBus(hub: MemoryHub, stats: Pick<Stats, "drop">): Bus {
  const closing = new AbortController();
  const publish = async <T>(topic: Topic<T>, value: T): Promise<boolean> => {
    if (closing.signal.aborted) return false;
    const publication = { payload: topic.codec.encode(value), qos: topic.qos };
    if (topic.retain) hub.retained.set(topic.path, publication);
    // Whoever publishes goes on before anyone receives, as over a socket.
    await Promise.resolve();
    for (const listener of hub.listeners)
      if (listener.matches(topic.path)) listener.deliver(topic.path, publication, false);
    return true;
  };
  const subscribe = <T, N extends string>(
    filter: TopicFilter<T, N>,
    { signal, refused, waiting = MAX_WAITING }: SubscribeOptions,
  ): Subscription<T, N> => {
    const mailbox = new Mailbox<Message<T, N>>(waiting, () => stats.drop("overrun"));
    const listener: Listener = {
      matches: (path) => filter.match(path) !== undefined,
      deliver: (path, { payload, qos }, retained) => {
        const names = filter.match(path);
        const value =
          names &&
          decode(filter.codec, payload, (error) => {
            stats.drop(error.reason);
            refused?.(error, path);
          });
        if (names && value)
          mailbox.push({
            path,
            names,
            value: value.value,
            size: payload.length,
            arrivedAt: now(),
            retained,
            qos: qos < filter.qos ? qos : filter.qos,
          });
      },
    };
    const end = (): void => {
      hub.listeners.delete(listener);
      mailbox.close();
    };
    hub.listeners.add(listener);
    for (const [path, publication] of hub.retained)
      if (listener.matches(path)) listener.deliver(path, publication, true);
    for (const ending of [signal, closing.signal]) {
      if (ending.aborted) end();
      ending.addEventListener("abort", end, { once: true });
    }
    return { granted: Promise.resolve(), [Symbol.asyncIterator]: () => mailbox };
  };
  return {
    publish,
    subscribe,
    backlog: 0,
    get connected() {
      return !closing.signal.aborted;
    },
    onConnect: (listener) => {
      listener();
      return () => {};
    },
    onDisconnect: (listener) => {
      closing.signal.addEventListener("abort", listener, { once: true });
      return () => closing.signal.removeEventListener("abort", listener);
    },
    close: async () => closing.abort(),
  };
}

/** @returns the value in a box, for a codec may give any value; undefined when the payload was refused */
function decode<T>(
  codec: Codec<T>,
  payload: Uint8Array,
  refused: (error: ProtocolError) => void,
): { value: T } | undefined {
  try {
    return { value: codec.decode(payload) };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    refused(error);
    return undefined;
  }
}
