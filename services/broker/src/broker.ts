import { type Duplex, duplexPair } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { type ByteRefusal, PacketScanner, type ReadPublish, type StatsPart } from "@beckon/runtime";
import { Aedes, type AedesPublishPacket, type Client, type ConnectPacket, type PublishPacket } from "aedes";
import { type Access, EVERYTHING, type Identity, type LoginRefusal } from "./access.ts";
import { DirectDelivery } from "./direct-delivery.ts";
import { GuardedConnection } from "./guarded-connection.ts";
import { LOGIN_MS } from "./lobby.ts";
import { limitSessions, RetainedMessages, SESSION_LIMITS, type SessionLimits } from "./session-limits.ts";

/** Why something was refused or dropped, as the stats name it. */
export type Loss =
  | "too-large"
  | "malformed"
  | "no-connect"
  | "silent"
  | "too-many-connections"
  | "tls"
  | "foreign-host"
  | "foreign-origin"
  | "no-mqtt"
  | "refused-client-id"
  | "refused-login"
  | "busy-login"
  | "refused-publish"
  | "refused-subscribe"
  | "shared-subscription"
  | "slow-subscriber"
  | "stuck-subscriber"
  | "queue-full"
  | "retained-full";

export interface BrokerLimits {
  /** Most bytes of a payload. */
  readonly payloadBytes: number;
  /** Bytes that may wait for a slow subscriber before its QoS 0 messages are dropped. */
  readonly slowBytes: number;
  /** Bytes that may wait for it before it is disconnected: QoS 1 and 2 are not dropped one by one. */
  readonly stuckBytes: number;
  /** Ms after which a subscriber that reads nothing is disconnected. */
  readonly stuckMs: number;
  readonly sessions: SessionLimits;
}

const BROKER_LIMITS: BrokerLimits = {
  payloadBytes: 2_000_000,
  // The system keeps about 4 MB more for each socket, so a healthy reader never gets near: it only bounds memory.
  slowBytes: 512_000,
  // More than a replay of everything retained and queued.
  stuckBytes: 32_000_000,
  stuckMs: 5000,
  sessions: SESSION_LIMITS,
};

/** Who comes in through a listener. */
export interface Visitor {
  readonly address: string;
  /** Called once it has logged in. */
  admitted(): void;
}

export interface BrokerOptions {
  readonly access: Access;
  readonly limits?: Partial<BrokerLimits>;
  readonly stats: Pick<StatsPart, "count" | "drop" | "gauge">;
  /** Told of every refusal, in words, beside its count. */
  readonly lost: (loss: Loss, detail: string) => void;
}

export interface Broker {
  /** Serves whoever is at the other end. */
  handle(stream: Duplex, visitor: Visitor): void;
  /** A connection of this process, which may do everything. */
  connect(): Duplex;
  close(): Promise<void>;
}

interface Session {
  readonly connection: GuardedConnection;
  readonly visitor: Visitor;
  identity: Identity | undefined;
  /** Its CONNACK is on its way, which must come before anything else. */
  greeted: boolean;
  /** It is logged in; what it sent meanwhile is read before anything that comes after. */
  ready: boolean;
  /** The last topic that it was allowed to publish to. */
  publishesTo: string | undefined;
}

/** Of a topic; a longer one has no place in a home. */
const MAX_TOPIC_BYTES = 1020;
/** Most bytes that a topic, its length and a packet identifier add to a payload. */
const HEADER_BYTES = MAX_TOPIC_BYTES + 4;
/** A CONNECT with its last will. */
const CONNECT_BYTES = 65_536;
const MAX_CLIENT_ID_LENGTH = 256;
const MAX_TOPIC_LEVELS = 32;
/** QoS 2 messages of one client that are begun and not completed. */
const MAX_INBOUND = 100;
const WATCH_MS = 500;
/** Nobody can subscribe to it, so what is published to it is gone. */
const NOWHERE = "$nowhere";

/** CONNACK return codes (MQTT 3.1.1, table 3.1). */
const IDENTIFIER_REJECTED = 2;
const LOGIN_CODES: Readonly<Record<LoginRefusal, number>> = { busy: 3, unknown: 4 };

/**
 * aedes, guarded: a slow subscriber delays nobody, nobody makes it keep more than is allowed, and nobody does what its
 * role does not say. Its listeners are in `listener.ts` and `websocket-gate.ts`.
 */
export async function openBroker({ access, limits: given, stats, lost }: BrokerOptions): Promise<Broker> {
  const limits = { ...BROKER_LIMITS, ...given };
  // Weakly, for aedes asks who it was when a connection is long gone: for its last will.
  const sessions = new WeakMap<Duplex, Session>();
  const live = new Set<GuardedConnection>();
  const retained = new RetainedMessages(limits.sessions);
  const direct = new DirectDelivery();
  const lose = (loss: Loss, detail: string): void => {
    stats.drop(loss);
    lost(loss, detail);
  };
  const sessionOf = (client: Client): Session | undefined => sessions.get(client.conn);
  const allowsFilter = (client: Client, filter: string): boolean =>
    !isShared(filter) && filter !== NOWHERE && sessionOf(client)?.identity?.maySubscribe(filter) === true;

  const aedes = await Aedes.createBroker({
    // No bound: a message is handed to every subscriber at once, for none of them is ever waited for.
    concurrency: 0,
    connectTimeout: LOGIN_MS,
    maxTopicLevels: MAX_TOPIC_LEVELS,
    maxInflightInbound: MAX_INBOUND,
    // Of MQTT 3.1; ours is checked below, for all versions.
    maxClientsIdLength: 2 * MAX_CLIENT_ID_LENGTH,

    preConnect: (client, packet, done) => {
      const refusal = clientIdRefusal(packet);
      const session = sessionOf(client);
      if (!session || refusal !== undefined) {
        client.conn.write(Buffer.from([0x20, 2, 0, IDENTIFIER_REJECTED]));
        lose("refused-client-id", `${describe(client, session)}: ${refusal}`);
        done(new Error(refusal), false);
        return;
      }
      // A name of its own for each user's session: nobody ends another's, or gets what waits for it.
      if (access.named && !session.identity && packet.clientId !== "")
        packet.clientId = `${packet.username ?? ""}/${packet.clientId}`;
      done(null, true);
    },

    authenticate: (client, name, password, done) => {
      const session = sessionOf(client);
      if (session?.identity) {
        done(null, true);
        return;
      }
      const address = session?.visitor.address ?? "";
      access.login(name, password, address).then(
        (outcome) => {
          if (typeof outcome === "object") {
            if (session) session.identity = outcome;
            done(null, true);
            return;
          }
          const who = name === undefined ? "nobody in particular" : JSON.stringify(name.slice(0, 64));
          lose(outcome === "busy" ? "busy-login" : "refused-login", `${who} from ${address}`);
          done(Object.assign(new Error("refused"), { returnCode: LOGIN_CODES[outcome] }), null);
        },
        (error: unknown) => {
          lose("refused-login", `${address}: ${String(error)}`);
          done(Object.assign(new Error("failed"), { returnCode: LOGIN_CODES.busy }), null);
        },
      );
    },

    // A refused message is acknowledged and dropped, as the specification allows (3.3.5): aedes would disconnect.
    authorizePublish: (client, packet, done) => {
      const session = client ? sessionOf(client) : undefined;
      if (client && !mayPublish(session, packet.topic)) {
        lose("refused-publish", `${describe(client, session)} to ${JSON.stringify(packet.topic.slice(0, 128))}`);
        sendNowhere(packet);
      } else if (packet.retain && !retained.accept(packet)) {
        lose("retained-full", `${retained.count} messages are retained already: ${packet.topic.slice(0, 128)}`);
        sendNowhere(packet);
      }
      done(null);
    },

    authorizeSubscribe: (client, subscription, done) => {
      const filter = subscription.topic;
      if (allowsFilter(client, filter)) {
        done(null, subscription);
        return;
      }
      // aedes would grant a shared subscription and deliver nothing.
      const loss = isShared(filter) ? "shared-subscription" : "refused-subscribe";
      lose(loss, `${describe(client, sessionOf(client))} to ${JSON.stringify(filter.slice(0, 128))}`);
      done(null, null);
    },

    authorizeForward: (client, packet) => {
      const session = sessionOf(client);
      if (!session) return packet;
      const { connection } = session;
      if (connection.stuckBytes > limits.stuckBytes) {
        disconnectStuck(client);
        return null;
      }
      if (isDroppable(packet) && connection.stuckBytes > limits.slowBytes) {
        lose("slow-subscriber", `${describe(client, session)} reads too slowly, and misses messages`);
        return null;
      }
      // aedes sends the others in a later turn. So a message of QoS 0 may overtake one of QoS 1 that came before, which
      // MQTT leaves open: it keeps the order of each topic and QoS (4.6).
      if (packet.qos > 0 || !session.greeted || !connection.writable) return packet;
      direct.deliver(connection, packet);
      return null;
    },
  });

  limitSessions(aedes, limits.sessions, allowsFilter, (clientId) =>
    lose("queue-full", `${clientId} is away, or acknowledges nothing`),
  );

  const disconnectStuck = (client: Client): void => {
    const session = sessionOf(client);
    if (!session || session.connection.destroyed) return;
    lose("stuck-subscriber", `${describe(client, session)} does not read; disconnected`);
    session.connection.destroy();
  };
  const watch = setInterval(() => {
    for (const connection of live) {
      const { client } = connection as GuardedConnection & { client?: Client };
      if (client && connection.stuckFor > limits.stuckMs) disconnectStuck(client);
    }
  }, WATCH_MS);

  aedes.on("connackSent", (_packet, client) => {
    const session = sessionOf(client);
    if (session) session.greeted = true;
  });
  aedes.on("clientReady", (client) => {
    const session = sessionOf(client);
    if (session) session.ready = true;
    session?.visitor.admitted();
    stats.count("logins");
  });
  stats.gauge("clients", () => aedes.connectedClients);
  stats.gauge("retained", () => retained.count);

  /** @returns false where aedes must read the packet itself, be it to refuse it */
  const publishAtOnce = (session: Session, { topic, payload, packetId }: ReadPublish): boolean => {
    if (!session.ready || packetId !== undefined) return false;
    // A camera publishes to one topic all the time.
    if (topic !== session.publishesTo) {
      if (!isTopic(topic) || !mayPublish(session, topic)) return false;
      session.publishesTo = topic;
    }
    aedes.publish({ cmd: "publish", topic, payload, qos: 0, dup: false, retain: false }, () => {});
    return true;
  };

  const serve = (stream: Duplex, visitor: Visitor, identity: Identity | undefined): void => {
    const packetBytes = limits.payloadBytes + HEADER_BYTES;
    const scanner = new PacketScanner({ connectBytes: CONNECT_BYTES, packetBytes });
    const refused = (reason: ByteRefusal): void => lose(reason, `bytes of ${visitor.address}`);
    const published = (message: ReadPublish): boolean => publishAtOnce(session, message);
    const connection = new GuardedConnection(stream, { scanner, refused, published });
    const session: Session = { connection, visitor, identity, greeted: false, ready: false, publishesTo: undefined };
    sessions.set(connection, session);
    live.add(connection);
    connection.once("close", () => live.delete(connection));
    aedes.handle(connection);
  };

  return {
    handle: (stream, visitor) => serve(stream, visitor, undefined),
    connect: () => {
      const [near, far] = joinedPair();
      serve(near, { address: "this process", admitted: () => {} }, EVERYTHING);
      return far;
    },
    close: async () => {
      clearInterval(watch);
      await delivered(aedes);
      await new Promise<void>((closed) => aedes.close(closed));
      for (const connection of live) connection.destroy();
    },
  };
}

/** The two ends of a pipe within the process, which close together. */
export function joinedPair(): [near: Duplex, far: Duplex] {
  const [near, far] = duplexPair();
  near.on("close", () => far.destroy());
  far.on("close", () => near.destroy());
  return [near, far];
}

/** When all that was published before has been handed to the subscribers: a service says `offline` just before this. */
async function delivered(aedes: Aedes): Promise<void> {
  const marker = { cmd: "publish", topic: NOWHERE, payload: "", qos: 1, dup: false, retain: false } as const;
  await new Promise<void>((done) => aedes.publish(marker, () => done()));
  await setImmediate();
}

/** @returns why it must not be let in; undefined for one that may */
function clientIdRefusal({ clientId, clean, protocolVersion }: ConnectPacket): string | undefined {
  // MQTT-3.1.3-8; another version is refused later, as what it is.
  if (clientId === "" && !clean && protocolVersion !== 5) return "a lasting session without a client id";
  if (clientId.length > MAX_CLIENT_ID_LENGTH) return `a client id of over ${MAX_CLIENT_ID_LENGTH} characters`;
  return undefined;
}

/** Whether it can be published to (4.7): else aedes ends the connection. */
function isTopic(topic: string): boolean {
  return topic !== "" && !/[+#]/.test(topic) && topic.split("/").length <= MAX_TOPIC_LEVELS;
}

function mayPublish(session: Session | undefined, topic: string): boolean {
  // Of bytes that are no UTF-8 each becomes three: a topic can be longer than any that can be sent.
  if (Buffer.byteLength(topic) > MAX_TOPIC_BYTES) return false;
  return !topic.startsWith("$SYS/") && topic !== NOWHERE && session?.identity?.mayPublish(topic) === true;
}

function sendNowhere(packet: PublishPacket): void {
  packet.topic = NOWHERE;
  packet.payload = Buffer.alloc(0);
  packet.retain = false;
}

const isShared = (filter: string): boolean => filter === "$share" || filter.startsWith("$share/");

/** What is retained is sent once, at the start, and would be missed. */
const isDroppable = (packet: AedesPublishPacket): boolean => packet.qos === 0 && !packet.retain;

function describe(client: Client, session: Session | undefined): string {
  const id = client.id ? JSON.stringify(client.id.slice(0, 64)) : "a client";
  return `${id} at ${session?.visitor.address ?? "an unknown address"}`;
}
