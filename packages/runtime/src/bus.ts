import type { ProtocolError, Topic, TopicFilter } from "@beckon/protocol";

/** A payload that arrived and fits its topic. */
export interface Message<T, N extends string = string> {
  readonly path: string;
  readonly names: Readonly<Record<N, string>>;
  readonly value: T;
  /** Bytes of the payload. */
  readonly size: number;
  /** By this process's `now()`. */
  readonly arrivedAt: number;
  /** It was kept by the broker for whoever subscribes: of unknown age. It comes again after each reconnection. */
  readonly retained: boolean;
  /** It was delivered with; at 1 it may come twice. */
  readonly qos: 0 | 1 | 2;
}

export interface SubscribeOptions {
  /** Ends the subscription. */
  readonly signal: AbortSignal;
  /**
   * Called for a payload that does not fit, in place of the message. The bus itself counts it in the stats by reason and
   * warns of it, once a second at most.
   */
  readonly refused?: (error: ProtocolError, path: string) => void;
  /**
   * Most messages that wait for the reader, 1024 unless given; beyond it the oldest is dropped and counted as `overrun`.
   * Frames go through `latest`, which always reads.
   */
  readonly waiting?: number;
}

/** The one way in and out of a service. MQTT in `mqtt-bus.ts`, inside one process in `memory-bus.ts`. */
export interface Bus {
  /**
   * Never queues: without a connection nothing is kept for later, for by then it would be old.
   *
   * @returns true when it was sent (QoS 0: handed to the socket, and what waits there below its mark; QoS 1:
   * acknowledged), false when there was no connection or it broke meanwhile
   */
  publish<T>(topic: Topic<T>, value: T): Promise<boolean>;
  /** Messages in the order of their arrival, again after each reconnection, until the signal. It subscribes when called. */
  subscribe<T, N extends string>(filter: TopicFilter<T, N>, options: SubscribeOptions): Subscription<T, N>;
  /** Bytes that wait in the socket: a camera skips frames when they grow. */
  readonly backlog: number;
  readonly connected: boolean;
  /** Calls back at each connection, also at once when connected: the place to publish what is retained. */
  onConnect(listener: () => void): () => void;
  onDisconnect(listener: () => void): () => void;
  /** Ends all subscriptions and the connection, without the last will. */
  close(): Promise<void>;
}

export interface Subscription<T, N extends string = string> extends AsyncIterable<Message<T, N>> {
  /**
   * When the broker has granted it for the first time, or it has ended; rejects with `SubscriptionRefused` when the broker
   * will not, as does the iterator then.
   */
  readonly granted: Promise<void>;
}

/** The broker refuses a subscription: the role does not allow it, or it is a `$share` on a broker that has none. */
export class SubscriptionRefused extends Error {
  constructor(filter: string) {
    super(`the broker refuses a subscription to ${filter}: see the roles of this user, and whether it has $share`);
    this.name = "SubscriptionRefused";
  }
}
