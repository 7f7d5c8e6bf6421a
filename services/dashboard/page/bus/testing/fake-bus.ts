import { createTopics, type Topic } from "@beckon/protocol";
import { type Signal, signal } from "@preact/signals";
import type { Connection, PageBus, PageMessage } from "../page-bus.ts";

/** A page's bus without a network: real topics and codecs, and what is published arrives at once. */
export interface FakeBus extends PageBus {
  readonly connection: Signal<Connection>;
  backlog: number;
  /** Nothing that is published is sent. */
  deaf: boolean;
  /** Says something as another client would; retained when its topic is. */
  say<T>(topic: Topic<T>, value: T): void;
  /** What was published to a path, decoded. */
  heardAt<T>(path: string): T[];
  /** Filters that somebody listens to. */
  readonly wanted: readonly string[];
}

export function fakeBus(): FakeBus {
  const topics = createTopics();
  const listeners = new Set<{ filter: Topic<unknown>; heard: (message: PageMessage<unknown>) => void }>();
  const retained = new Map<string, Uint8Array>();
  const published: { path: string; value: unknown }[] = [];
  const deliver = (path: string, bytes: Uint8Array, kept: boolean, only?: unknown): void => {
    for (const { filter, heard } of [...listeners]) {
      const names = only === undefined || only === heard ? filter.match(path) : undefined;
      if (names) heard({ names, value: filter.codec.decode(bytes), retained: kept, arrivedAt: Date.now() });
    }
  };
  const bus: FakeBus = {
    topics,
    connection: signal<Connection>({ status: "online" }),
    refused: signal(0),
    backlog: 0,
    deaf: false,
    subscribe: (filter, heard) => {
      const listener = { filter, heard } as never;
      listeners.add(listener);
      for (const [path, bytes] of retained) deliver(path, bytes, true, heard);
      return () => listeners.delete(listener);
    },
    say: (topic, value) => {
      const bytes = topic.codec.encode(value);
      if (topic.retain) retained.set(topic.path, bytes);
      deliver(topic.path, bytes, false);
    },
    publish: async (topic, value) => {
      if (bus.deaf || bus.connection.peek().status !== "online") return false;
      const bytes = topic.codec.encode(value);
      published.push({ path: topic.path, value: topic.codec.decode(bytes) });
      deliver(topic.path, bytes, false);
      return true;
    },
    heardAt: <T>(path: string) => published.filter((one) => one.path === path).map(({ value }) => value as T),
    get wanted() {
      return [...listeners].flatMap(({ filter }) => filter.filters);
    },
    login: () => undefined,
    logout: () => undefined,
  };
  return bus;
}
