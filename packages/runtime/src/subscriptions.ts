import type { Qos, TopicFilter } from "@beckon/protocol";
import type { SubscribeOptions, Subscription } from "./bus.ts";
import { SubscriptionRefused } from "./bus.ts";
import { type Arrival, createInbox, type InboxAround } from "./inbox.ts";

/** The part of a link that subscriptions need. */
export interface SubscribingLink {
  /** @returns those of the filters that the broker refuses; undefined when the link broke before it answered */
  subscribe(filters: ReadonlyMap<string, Qos>): Promise<readonly string[] | undefined>;
  unsubscribe(filters: readonly string[]): void;
}

interface Entry {
  readonly filters: readonly string[];
  readonly qos: Qos;
  readonly deliver: (arrival: Arrival) => void;
  readonly grant: () => void;
  readonly refuse: (error: SubscriptionRefused) => void;
  readonly end: () => void;
}

/** All that a bus has subscribed to, over all its connections. */
export class Subscriptions {
  readonly #around: Omit<InboxAround, "left">;
  readonly #entries = new Set<Entry>();
  #link: SubscribingLink | undefined;
  #closed = false;

  constructor(around: Omit<InboxAround, "left">) {
    this.#around = around;
  }

  add<T, N extends string>(filter: TopicFilter<T, N>, options: SubscribeOptions): Subscription<T, N> {
    const { signal } = options;
    const { promise, resolve, reject } = settleable();
    const end = (): void => {
      signal.removeEventListener("abort", end);
      this.#remove(entry);
      inbox.mailbox.close();
      resolve();
    };
    const inbox = createInbox(filter, options, { ...this.#around, left: end });
    const entry: Entry = {
      filters: filter.filters,
      qos: filter.qos,
      deliver: inbox.deliver,
      grant: resolve,
      refuse: (error) => {
        inbox.mailbox.fail(error);
        reject(error);
        end();
      },
      end,
    };
    if (signal.aborted || this.#closed) end();
    else {
      signal.addEventListener("abort", end, { once: true });
      this.#entries.add(entry);
      void this.#ask([entry]);
    }
    return { granted: promise, [Symbol.asyncIterator]: () => inbox.mailbox };
  }

  /** Asks for all of them, in one packet. */
  connected(link: SubscribingLink): void {
    this.#link = link;
    void this.#ask([...this.#entries]);
  }

  disconnected(): void {
    this.#link = undefined;
  }

  arrived(arrival: Arrival): void {
    for (const entry of this.#entries) entry.deliver(arrival);
  }

  close(): void {
    this.#closed = true;
    this.#link = undefined;
    for (const entry of [...this.#entries]) entry.end();
  }

  async #ask(entries: readonly Entry[]): Promise<void> {
    const filters = new Map<string, Qos>();
    // A filter that two ask for is one subscription, which must serve the higher QoS.
    for (const filter of entries.flatMap((entry) => entry.filters)) filters.set(filter, this.#qos(filter));
    if (!this.#link || filters.size === 0) return;
    const refused = await this.#link.subscribe(filters);
    if (!refused) return;
    for (const entry of entries) {
      if (!this.#entries.has(entry)) continue;
      const no = entry.filters.find((filter) => refused.includes(filter));
      if (no === undefined) entry.grant();
      else entry.refuse(new SubscriptionRefused(no));
    }
  }

  #qos(filter: string): Qos {
    return [...this.#entries].some(({ qos, filters }) => qos === 1 && filters.includes(filter)) ? 1 : 0;
  }

  #remove(entry: Entry): void {
    if (!this.#entries.delete(entry)) return;
    const unused = entry.filters.filter(
      (filter) => ![...this.#entries].some(({ filters }) => filters.includes(filter)),
    );
    if (unused.length > 0) this.#link?.unsubscribe(unused);
  }
}

interface Settleable {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

function settleable(): Settleable {
  let resolve = (): void => {};
  let reject = (_error: Error): void => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // Whoever reads the messages learns of it there too.
  promise.catch(() => {});
  return { promise, resolve, reject };
}
