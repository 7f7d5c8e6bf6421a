import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import {
  createTopics,
  type Gesture,
  type GestureState,
  type RelayEvent,
  type RelayState,
  type Result,
  type ServiceStatus,
  type TopicFilter,
} from "@beckon/protocol";
import { now } from "@beckon/runtime";
import { connectRaw, onPublish, subscribeRaw } from "../../bench/stream/mqtt-wire.ts";

/** It is back long before any service, whose return it times. */
const AGAIN_MS = 5;

export interface Seen<T> {
  /** By `now()`, as every process here stamps its times. */
  readonly arrivedAt: number;
  readonly value: T;
}

interface Watch {
  readonly filter: TopicFilter<unknown>;
  readonly take: (path: string, payload: Buffer, arrivedAt: number) => void;
}

/** A client of the broker, without a keepalive and never patient, that writes down all there is to hear. */
export class Witness {
  readonly results: Seen<Result>[] = [];
  readonly gestures: Seen<Gesture>[] = [];
  readonly states: Seen<GestureState>[] = [];
  readonly relayEvents: Seen<RelayEvent>[] = [];
  readonly relayStates: Seen<RelayState>[] = [];
  /** By kind of service. */
  readonly statuses = new Map<string, Seen<ServiceStatus>[]>();
  /** When the broker took it last. */
  connectedAt = Number.NEGATIVE_INFINITY;
  readonly #name = `witness-${randomUUID()}`;
  readonly #port: number;
  readonly #watches: readonly Watch[];
  #socket: Socket | undefined;
  #closed = false;

  private constructor(port: number) {
    this.#port = port;
    const topics = createTopics();
    const watch = <T>(filter: TopicFilter<T, string>, take: (seen: Seen<T>, path: string) => void): Watch => ({
      filter,
      take: (path, payload, arrivedAt) => {
        if (filter.match(path)) take({ arrivedAt, value: filter.codec.decode(payload) }, path);
      },
    });
    this.#watches = [
      watch(topics.result.matching(), (seen) => this.results.push(seen)),
      watch(topics.gesture.matching(), (seen) => this.gestures.push(seen)),
      watch(topics.state.matching(), (seen) => this.states.push(seen)),
      watch(topics.relayEvent.matching(), (seen) => this.relayEvents.push(seen)),
      watch(topics.relayState.matching(), (seen) => this.relayStates.push(seen)),
      watch(topics.status.matching(), (seen, path) => this.#note(path, seen)),
    ];
  }

  static async open(port: number): Promise<Witness> {
    const witness = new Witness(port);
    await witness.#connect();
    void witness.#stay();
    return witness;
  }

  /** The last that a kind of service, or the broker for it, said of itself. */
  status(kind: string): Seen<ServiceStatus> | undefined {
    return this.statuses.get(kind)?.at(-1);
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  async #stay(): Promise<void> {
    while (!this.#closed) {
      const socket = this.#socket;
      // One that closed before it was looked at closes no second time.
      if (socket && !socket.closed) await new Promise((resolve) => socket.once("close", resolve));
      while (!this.#closed && !(await this.#connected())) await sleep(AGAIN_MS);
    }
  }

  #connected(): Promise<boolean> {
    return this.#connect().then(
      () => true,
      () => false,
    );
  }

  async #connect(): Promise<void> {
    const socket = await connectRaw(this.#port, this.#name);
    socket.on("error", () => {});
    this.#socket = socket;
    this.connectedAt = now();
    if (this.#closed) socket.destroy();
    onPublish(socket, (path, payload) => {
      const arrivedAt = now();
      for (const { take } of this.#watches) take(path, payload, arrivedAt);
    });
    for (const { filter } of this.#watches)
      for (const path of filter.filters) await subscribeRaw(socket, path).catch(() => socket.destroy());
  }

  #note(path: string, seen: Seen<ServiceStatus>): void {
    const kind = path.split("/").at(-3) ?? "";
    this.statuses.set(kind, [...(this.statuses.get(kind) ?? []), seen]);
  }
}
