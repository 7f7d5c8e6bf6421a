/** Follows the stats of one service, as any monitor would. */
import type { Socket } from "node:net";
import { createTopics, type Figures, ServiceStats } from "@beckon/protocol";
import { BenchFailure } from "../bench.ts";
import { connectRaw, onPublish, subscribeRaw } from "./mqtt-wire.ts";
import { ID } from "./services.ts";

/** They come every 5 s. */
const PATIENCE_MS = 12_000;

export class StatsReader {
  readonly #socket: Socket;
  #latest: ServiceStats | undefined;
  #listener: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    onPublish(socket, (_, payload) => {
      this.#latest = ServiceStats.parse(JSON.parse(payload.toString()));
      this.#listener?.();
    });
  }

  static async open(port: number, kind: "classifier" | "broker"): Promise<StatsReader> {
    const socket = await connectRaw(port, `stats-reader-${kind}-${process.pid}`);
    const reader = new StatsReader(socket);
    await subscribeRaw(socket, createTopics().stats({ kind, id: ID }).path);
    return reader;
  }

  /** The last that came. */
  get latest(): ServiceStats | undefined {
    return this.#latest;
  }

  /** @returns those that come next */
  async next(): Promise<ServiceStats> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new BenchFailure("a service tells no stats")), PATIENCE_MS);
      this.#listener = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#listener = undefined;
    if (this.#latest === undefined) throw new BenchFailure("a service tells no stats");
    return this.#latest;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Drops by reason since an earlier reading: `superseded 12, stale 3`. */
export function dropsSince(before: Figures | undefined, after: Figures | undefined): Readonly<Record<string, number>> {
  const reasons = Object.entries(after?.drops ?? {});
  const grown = reasons.map(([reason, count]) => [reason, count - (before?.drops[reason] ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, count]) => count > 0));
}

export function formatDrops(drops: Readonly<Record<string, number>>): string {
  return (
    Object.entries(drops)
      .map(([reason, count]) => `${reason} ${count}`)
      .join(", ") || "none"
  );
}
