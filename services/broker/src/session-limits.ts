import type { Aedes, Client, PublishPacket, Subscription } from "aedes";

/** Bounds of what the broker keeps for clients that may never come back. */
export interface SessionLimits {
  /** Retained messages, and their bytes in all. */
  readonly retained: number;
  readonly retainedBytes: number;
  /** Messages that wait for one client, and their bytes. */
  readonly queued: number;
  readonly queuedBytes: number;
}

/** More than a home has, and less than a Raspberry Pi: a replay of both stays below what one client may leave unread. */
export const SESSION_LIMITS: SessionLimits = {
  retained: 20_000,
  retainedBytes: 16_000_000,
  queued: 1000,
  queuedBytes: 8_000_000,
};

/** The part of aedes-persistence that is bounded here; aedes leaves it out of its types. */
interface SessionStore {
  addSubscriptions(client: Client, subscriptions: Subscription[]): Promise<void>;
  outgoingEnqueueCombi(subscriptions: readonly { readonly clientId: string }[], packet: PublishPacket): Promise<void>;
  outgoingClearMessageId(client: Client, packet: PublishPacket): Promise<PublishPacket | undefined>;
}

/** Counts what is retained, and says whether one more fits. */
export class RetainedMessages {
  readonly #limits: SessionLimits;
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#sizes.size;
  }

  /** @returns false when it must not be retained; true when it was counted, or took one away for it is empty */
  accept({ topic, payload }: Pick<PublishPacket, "topic" | "payload">): boolean {
    const size = Buffer.byteLength(payload);
    const before = this.#sizes.get(topic);
    const bytes = this.#bytes - (before ?? 0) + size;
    const isNew = size > 0 && before === undefined;
    if (size > 0 && (bytes > this.#limits.retainedBytes || (isNew && this.#sizes.size >= this.#limits.retained)))
      return false;
    if (size > 0) this.#sizes.set(topic, size);
    else this.#sizes.delete(topic);
    this.#bytes = bytes;
    return true;
  }
}

/**
 * Bounds what aedes queues for sessions that outlive their connection, which it does not do itself (its issue 1087), and
 * keeps refused subscriptions out of them: aedes stores a SUBSCRIBE whole when one of its filters is granted, and would
 * queue for an absent client what it may not read.
 *
 * @param allows whether a client may have this subscription
 * @param dropped is told of a message that did not fit
 */
export function limitSessions(
  broker: Aedes,
  limits: SessionLimits,
  allows: (client: Client, filter: string) => boolean,
  dropped: (clientId: string) => void,
): void {
  const { persistence: store } = broker as Aedes & { persistence: SessionStore };
  const queues = new Map<string, { count: number; bytes: number }>();
  const add = store.addSubscriptions.bind(store);
  const enqueue = store.outgoingEnqueueCombi.bind(store);
  const clear = store.outgoingClearMessageId.bind(store);

  store.addSubscriptions = (client, subscriptions) =>
    add(
      client,
      subscriptions.filter(({ topic }) => allows(client, topic)),
    );

  store.outgoingEnqueueCombi = (subscriptions, packet) => {
    const bytes = Buffer.byteLength(packet.payload);
    const fitting = subscriptions.filter(({ clientId }) => {
      const queue = queues.get(clientId) ?? { count: 0, bytes: 0 };
      const fits = queue.count < limits.queued && queue.bytes + bytes <= limits.queuedBytes;
      if (fits) queues.set(clientId, { count: queue.count + 1, bytes: queue.bytes + bytes });
      else dropped(clientId);
      return fits;
    });
    return enqueue(fitting, packet);
  };

  store.outgoingClearMessageId = async (client, packet) => {
    const removed = await clear(client, packet);
    const queue = removed && queues.get(client.id);
    if (queue) {
      queue.count -= 1;
      // A QoS 2 message waits on as its PUBREL, which has no payload.
      queue.bytes = queue.count === 0 ? 0 : queue.bytes - Buffer.byteLength(removed.payload ?? "");
      if (queue.count <= 0) queues.delete(client.id);
    }
    return removed;
  };
}
