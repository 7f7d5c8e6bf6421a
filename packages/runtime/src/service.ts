import type { Duplex } from "node:stream";
import type { ServiceKind, Topics } from "@beckon/protocol";
import type { Logger } from "pino";
import type { z } from "zod";
import type { Bus } from "./bus.ts";
import type { Stats } from "./stats.ts";

/** What a service is given. It asks for no more than this, and reaches for nothing global. */
export interface ServiceContext<C> {
  /** As it was when the service started; `onChange` tells of what `/set` changed since. */
  readonly config: C;
  /** Of this instance, as in its topics. */
  readonly id: string;
  /** Names this life of the service. */
  readonly boot: string;
  readonly bus: Bus;
  readonly topics: Topics;
  readonly log: Logger;
  readonly stats: Stats;
  /** Host of a broker elsewhere that lets us in without a user: whoever reaches it may publish what we obey. */
  readonly openBroker?: string;
  /**
   * Opens a raw connection to the broker, as a stranger: whoever uses it logs in by MQTT's CONNECT, and may do what the
   * broker lets him. It carries nothing of this service's own user, and nothing of the connection is done again.
   *
   * @param address of whom it is for, for the log and the limits of a broker in this process
   * @returns at once; it fails as streams do, with `error` and `close`
   */
  visit(address?: string): Duplex;
  /** Aborted when the service must stop. */
  readonly signal: AbortSignal;
  /**
   * Called with the whole new configuration after a `/set` that fits the schema and touches only what it calls
   * changeable (see `changeable`). What it throws is logged, and the old configuration stays.
   */
  onChange(listener: (config: C) => void | Promise<void>): void;
  /**
   * Says that everything runs: `beckon up` starts what comes next, and the log says so.
   *
   * @param address that a person opens, such as that of a page
   */
  ready(address?: string): void;
}

/** One of the microservices: a kind, the schema of its section in beckon.yaml, and one function. */
export interface Service<C> {
  readonly kind: ServiceKind;
  /** Of its section; parses `{}` to safe defaults, or says what is missing. */
  readonly config: z.ZodType<C>;
  /**
   * Runs until the signal, then stops what it started in reverse and returns. A failure that cannot come back rejects
   * with a `ServiceFailure`, whose message is one line for the user; everything else it retries.
   */
  run(context: ServiceContext<C>): Promise<void>;
  /**
   * Whether it could start with a configuration that fits its schema: a model may be gone, for instance. It is asked of
   * settings that an earlier run kept, and is to be quick.
   *
   * @throws {ServiceFailure} saying what is missing
   */
  check?(config: C): Promise<void>;
  /** Only a broker has it: what must listen before the bus can connect. */
  host?(context: HostContext<C>): Promise<BusHost>;
}

export type HostContext<C> = Pick<ServiceContext<C>, "config" | "log" | "stats" | "signal" | "topics">;

/** A broker inside this process. */
export interface BusHost {
  /** A connection to it for its own bus, without a socket and past its log-in. */
  connect(): Duplex;
  /** A connection to it for a stranger, without a socket, who must log in and is bounded as one that came by TCP. */
  visit(address: string): Duplex;
  /** `mqtt://127.0.0.1:1883`: where the others find it. */
  readonly url: string;
  close(): Promise<void>;
}

/** Why a service cannot go on, in one line for the user: what, where, what to do. The process exits with 1. */
export class ServiceFailure extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ServiceFailure";
  }
}
