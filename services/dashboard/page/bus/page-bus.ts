import { type Codec, createTopics, ProtocolError, type Topic, type TopicFilter, type Topics } from "@beckon/protocol";
import { type ReadonlySignal, signal } from "@preact/signals";
import mqtt, { type MqttClient } from "mqtt";

/** Where the page stands with the broker. */
export type Connection =
  | { readonly status: "connecting" }
  | { readonly status: "online" }
  /** `broker`: the service answers, the broker behind it does not. `service`: nothing answers. */
  | { readonly status: "offline"; readonly since: number; readonly missing: "broker" | "service" }
  /** The broker wants a user and password; `refused` when it did not like those it got. */
  | { readonly status: "login"; readonly refused: boolean };

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** A payload that arrived and fits its topic. */
export interface PageMessage<T, N extends string = string> {
  readonly names: Readonly<Record<N, string>>;
  readonly value: T;
  /** Kept by the broker, so of unknown age. */
  readonly retained: boolean;
  /** Ms since the epoch, by this browser. */
  readonly arrivedAt: number;
}

/** The page's one way to the bus: as `Bus` of the services, with callbacks, for a view drops what it cannot show. */
export interface PageBus {
  readonly topics: Topics;
  readonly connection: ReadonlySignal<Connection>;
  /** Messages that did not fit their topic, since the page was opened. */
  readonly refused: ReadonlySignal<number>;
  /**
   * Hears what fits until the returned function is called, which may be twice; again after each reconnection. What is
   * retained comes to the first that asks for a filter, and to all again after a reconnection: a store subscribes once and
   * keeps what it heard.
   */
  subscribe<T, N extends string>(filter: TopicFilter<T, N>, heard: (message: PageMessage<T, N>) => void): () => void;
  /** @returns true when it was sent (QoS 0) or acknowledged (QoS 1); nothing is kept for later */
  publish<T>(topic: Topic<T>, value: T): Promise<boolean>;
  /** Bytes that wait in the socket: a camera skips frames when they grow. */
  readonly backlog: number;
  login(credentials: Credentials): void;
  /** Forgets the credentials and asks again. */
  logout(): void;
}

/** Ms until the next attempt: at once after the first loss, then slower, for the broker may be away all night. */
const RETRY_MS = [200, 500, 1000, 2000, 5000];
const KEEPALIVE_S = 5;
const CONNECT_MS = 5000;
/** CONNACK return codes of MQTT 3.1.1, 3.2.2.3. */
const SERVER_UNAVAILABLE = 3;
const LOGIN_REFUSALS: readonly number[] = [4, 5];

interface Listener {
  readonly filter: TopicFilter<unknown>;
  readonly heard: (message: PageMessage<unknown>) => void;
}

/**
 * @param url `ws://127.0.0.1:8080/mqtt`
 * @param prefix of the topics
 */
export function connectPageBus(url: string, prefix: string): PageBus & { close(): void } {
  const topics = createTopics(prefix);
  const connection = signal<Connection>({ status: "connecting" });
  const refused = signal(0);
  const listeners = new Set<Listener>();
  let credentials: Credentials | undefined;
  let client: MqttClient | undefined;
  let attempt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const arrived = (path: string, payload: Uint8Array, retained: boolean): void => {
    const arrivedAt = Date.now();
    // Each family of topics has one codec, whoever listens: what several views hear is read once.
    const read = new Map<Codec<unknown>, unknown>();
    for (const { filter, heard } of listeners) {
      const names = filter.match(path);
      if (!names) continue;
      const { codec } = filter;
      try {
        if (!read.has(codec)) read.set(codec, codec.decode(payload));
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        refused.value += 1;
        return;
      }
      heard({ names, value: read.get(codec), retained, arrivedAt });
    }
  };

  const lost = (returnCode: number | undefined): void => {
    if (returnCode !== undefined && LOGIN_REFUSALS.includes(returnCode)) {
      connection.value = { status: "login", refused: credentials !== undefined };
      credentials = undefined;
      return;
    }
    const missing = returnCode === SERVER_UNAVAILABLE ? "broker" : "service";
    const before = connection.peek();
    const since = before.status === "offline" ? before.since : Date.now();
    connection.value = { status: "offline", since, missing };
    timer = setTimeout(open, RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]);
    attempt += 1;
  };

  const open = (): void => {
    let returnCode: number | undefined;
    const opened = mqtt.connect(url, {
      clientId: `beckon-page-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`,
      protocolVersion: 4,
      clean: true,
      keepalive: KEEPALIVE_S,
      connectTimeout: CONNECT_MS,
      reconnectPeriod: 0,
      queueQoSZero: false,
      // In a worker where there are any: browsers slow the timers of a hidden page down to one a minute, and the broker would
      // hang up.
      timerVariant: "auto",
      ...credentials,
    });
    client = opened;
    opened.on("packetreceive", (packet) => {
      if (packet.cmd === "connack") returnCode = packet.returnCode;
    });
    opened.on("connect", () => {
      attempt = 0;
      connection.value = { status: "online" };
      for (const { filter } of listeners) ask(opened, filter);
    });
    opened.on("message", (path, payload, packet) => arrived(path, payload, packet.retain));
    // What is wrong is seen from the return code, and `close` follows.
    opened.on("error", () => opened.end(true));
    opened.once("close", () => {
      // What waits for its acknowledgement is told that none comes: mqtt.js forgets it without a word otherwise.
      opened.end(true);
      if (client !== opened) return;
      client = undefined;
      lost(returnCode);
    });
  };

  const close = (): void => {
    clearTimeout(timer);
    const old = client;
    client = undefined;
    old?.end(true);
  };
  const reopen = (): void => {
    close();
    connection.value = { status: "connecting" };
    open();
  };

  open();
  return {
    topics,
    connection,
    refused,
    subscribe: (filter, heard) => {
      const listener = { filter, heard } as unknown as Listener;
      listeners.add(listener);
      if (client?.connected) ask(client, filter);
      return () => {
        if (!listeners.delete(listener)) return;
        const wanted = new Set([...listeners].flatMap((other) => other.filter.filters));
        const unwanted = filter.filters.filter((path) => !wanted.has(path));
        if (client?.connected && unwanted.length > 0) client.unsubscribe(unwanted);
      };
    },
    publish: (topic, value) =>
      new Promise((resolve) => {
        if (!client?.connected) resolve(false);
        else {
          const bytes = topic.codec.encode(value) as Parameters<MqttClient["publish"]>[1];
          client.publish(topic.path, bytes, { qos: topic.qos, retain: topic.retain }, (error) => resolve(!error));
        }
      }),
    get backlog() {
      const stream = client?.stream as { readonly socket?: { readonly bufferedAmount?: number } } | undefined;
      return stream?.socket?.bufferedAmount ?? 0;
    },
    login: (given) => {
      credentials = given;
      reopen();
    },
    logout: () => {
      credentials = undefined;
      reopen();
    },
    close,
  };
}

function ask(client: MqttClient, { filters, qos }: TopicFilter<unknown>): void {
  client.subscribe([...filters], { qos });
}
