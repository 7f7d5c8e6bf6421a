import type { Result } from "@beckon/protocol";
import type { Message } from "@beckon/runtime";
import { type Point, pointOf, timeOf } from "./point.ts";
import { pointsOfResult } from "./points.ts";

/** Names come from the network: of so many cameras times models it is remembered what came last. */
const MAX_CHANNELS = 256;
/** While two classifiers share a camera, results of two versions take turns: that is no swap each time. */
const FORGOTTEN_AFTER_MS = 60_000;

interface Channel {
  label: string;
  /** Of the bundle, and when it was last seen. */
  readonly versions: Map<string, number>;
}

/**
 * What only two results together say, and no query can find out: whether the label has changed, which is how much a model
 * flickers, and that another version of it answers.
 */
export class ResultChanges {
  readonly #channels = new Map<string, Channel>();

  /** Points of a result with `changed`, 1 or 0, and one of `model_swap` where it is the first of another version. */
  points(message: Pick<Message<Result, "camera" | "model">, "value" | "names" | "arrivedAt">): Point[] {
    const { names, value, arrivedAt } = message;
    const channel = this.#channelOf(`${names.camera}/${names.model}`);
    const changed = channel.label !== "" && channel.label !== value.label ? 1 : 0;
    channel.label = value.label;
    const from = replaced(channel.versions, value.version, arrivedAt);
    return [
      ...pointsOfResult(message).map((point) => ({ ...point, fields: { ...point.fields, changed } })),
      ...(from === undefined
        ? []
        : pointOf({
            measurement: "model_swap",
            tags: names,
            fields: { from, to: value.version, engine: value.engine },
            time: timeOf(value.at, arrivedAt, value.seq),
          })),
    ];
  }

  #channelOf(key: string): Channel {
    const known = this.#channels.get(key);
    if (known) return known;
    const [oldest] = this.#channels.keys();
    if (oldest !== undefined && this.#channels.size >= MAX_CHANNELS) this.#channels.delete(oldest);
    const channel: Channel = { label: "", versions: new Map() };
    this.#channels.set(key, channel);
    return channel;
  }
}

/** @returns the version that was seen last before one that was not seen for a minute; undefined when that is the first */
function replaced(versions: Map<string, number>, version: string, at: number): string | undefined {
  const seen = versions.get(version);
  const last = [...versions.keys()].at(-1);
  for (const [other, seenAt] of versions) if (at - seenAt > FORGOTTEN_AFTER_MS) versions.delete(other);
  // Deleted first, so that the last of the map is the last that was seen.
  versions.delete(version);
  versions.set(version, at);
  const isKnown = seen !== undefined && (at - seen <= FORGOTTEN_AFTER_MS || last === version);
  return isKnown ? undefined : last;
}
