import type { Codec, TopicFilter } from "@beckon/protocol";
import { ProtocolError } from "@beckon/protocol";
import type { Message, SubscribeOptions } from "./bus.ts";
import { now } from "./clock.ts";
import { Mailbox } from "./mailbox.ts";
import type { Stats } from "./stats.ts";
import type { ThrottledLog } from "./throttled.ts";

const MAX_WAITING = 1024;

/** A message before anybody has looked at it. */
export interface Arrival {
  readonly path: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retained: boolean;
}

/** What a subscription is on every bus: paths are matched, payloads checked, and what fits waits for the reader. */
export interface Inbox<T, N extends string> {
  readonly mailbox: Mailbox<Message<T, N>>;
  /** Ignores what the filter does not match. */
  deliver(arrival: Arrival): void;
}

export interface InboxAround {
  readonly stats: Pick<Stats, "drop">;
  readonly warnings?: ThrottledLog;
  /** Called when the reader leaves its loop. */
  readonly left: () => void;
}

export function createInbox<T, N extends string>(
  filter: TopicFilter<T, N>,
  { refused, waiting = MAX_WAITING }: Omit<SubscribeOptions, "signal">,
  { stats, warnings, left }: InboxAround,
): Inbox<T, N> {
  const mailbox = new Mailbox<Message<T, N>>(waiting, () => stats.drop("overrun"), left);
  const refuse = (error: ProtocolError, path: string): void => {
    stats.drop(error.reason);
    warnings?.warn(error.reason, `dropped a message on ${path}: ${error.message}`);
    refused?.(error, path);
  };
  const deliver = ({ path, payload, qos, retained }: Arrival): void => {
    const names = filter.match(path);
    if (!names) return;
    const arrivedAt = now();
    const decoded = decode(filter.codec, payload, (error) => refuse(error, path));
    if (!decoded) return;
    mailbox.push({ path, names, value: decoded.value, size: payload.length, arrivedAt, retained, qos });
  };
  return { mailbox, deliver };
}

/** @returns the value in a box, for a codec may give any value; undefined when the payload was refused */
function decode<T>(
  codec: Codec<T>,
  payload: Uint8Array,
  refused: (error: ProtocolError) => void,
): { value: T } | undefined {
  try {
    return { value: codec.decode(payload) };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    refused(error);
    return undefined;
  }
}
