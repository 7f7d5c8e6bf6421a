import type { ServiceStats } from "@beckon/protocol";
import type { Message } from "@beckon/runtime";
import type { Point } from "./point.ts";
import { pointsOfStats } from "./points.ts";

/** Names come from the network: of so many services it is remembered what they said last. */
const MAX_SERVICES = 256;
/** Seconds, two of its messages: a service heard of for the first time later than that has begun before us. */
const YOUNG = 10;

interface Service {
  readonly boot: string;
  readonly drops: ReadonlyMap<string, number>;
}

/**
 * How much was dropped from one message of a service to the next. Its counters begin anew with it, and a reason comes up
 * with its first drop: a query that takes differences would miss just the first, and a sum over a minute needs none.
 */
export class StatsChanges {
  readonly #services = new Map<string, Service>();

  /** Points of stats, the drops with `new`: those since the message before. */
  points(message: Pick<Message<ServiceStats, "kind" | "id">, "value" | "names" | "arrivedAt">): Point[] {
    const { names, value } = message;
    const key = `${names.kind}/${names.id}`;
    const before = this.#services.get(key);
    const drops = new Map<string, number>();
    const points = pointsOfStats(message).map((point) => {
      if (point.measurement !== "drops") return point;
      const which = `${point.tags.part ?? ""}/${point.tags.reason}`;
      const count = Number(point.fields["count"]);
      drops.set(which, count);
      return { ...point, fields: { ...point.fields, new: Math.max(0, count - baseOf(before, value, which, count)) } };
    });
    this.#remember(key, { boot: value.boot, drops });
    return points;
  }

  #remember(key: string, service: Service): void {
    const [oldest] = this.#services.keys();
    if (oldest !== undefined && this.#services.size >= MAX_SERVICES && !this.#services.has(key))
      this.#services.delete(oldest);
    this.#services.set(key, service);
  }
}

function baseOf(before: Service | undefined, { boot, uptime }: ServiceStats, which: string, count: number): number {
  if (before?.boot === boot) return before.drops.get(which) ?? 0;
  // Of a service that ran before we did, somebody else may have written these already.
  return before === undefined && uptime > YOUNG ? count : 0;
}
