import { causeInWords, type Gesture, type RelayEvent, type SpelledText, type Topics } from "@beckon/protocol";
import type { Bus } from "@beckon/runtime";

export interface NarratorOptions {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Tells in plain words what the cameras show and what the relays do, until the signal. It reads the same topics as
 * everybody else, so that what it tells has really travelled.
 */
export async function narrate({ bus, topics, say, signal }: NarratorOptions): Promise<void> {
  const gestures = bus.subscribe(topics.gesture.matching(), { signal });
  const texts = bus.subscribe(topics.text.matching(), { signal });
  const events = bus.subscribe(topics.relayEvent.matching(), { signal });
  await Promise.all([
    each(gestures, ({ value }) => gestureSentence(value), say),
    each(texts, ({ names, value }) => textSentence(names.camera, value), say),
    each(events, ({ names, value }) => relaySentence(names.relay, value), say),
  ]);
}

async function each<M>(
  messages: AsyncIterable<M>,
  sentence: (message: M) => string | undefined,
  say: (line: string) => void,
): Promise<void> {
  for await (const message of messages) {
    const line = sentence(message);
    if (line !== undefined) say(line);
  }
}

/** @returns nothing for the end of a gesture: the next start or the text says enough */
export function gestureSentence({ camera, gesture, phase, confidence, ms }: Gesture): string | undefined {
  if (phase === "end") return undefined;
  const after = ms?.["total"];
  const latency = after === undefined ? "" : `, read ${after.toFixed(1)} ms after its frame arrived`;
  return `${camera} shows ${gesture} (${Math.round(confidence * 100)} % sure${latency})`;
}

/** @returns nothing when a timeout cleared the text */
export function textSentence(camera: string, { text }: SpelledText): string | undefined {
  return text.trim() === "" ? undefined : `${camera} has spelled "${text}"`;
}

/** The switch or the refusal, and what caused it. */
export function relaySentence(relay: string, event: RelayEvent): string {
  const why = causeInWords(event.cause);
  if ("refused" in event) {
    const more = event.suppressed ? ` (and ${event.suppressed} more like it)` : "";
    return `${relay} was to switch ${why}, and does not: ${event.refused}${more}`;
  }
  const total = event.ms?.["total"];
  const latency = total === undefined ? "" : `, ${total.toFixed(1)} ms after the camera's frame`;
  return `${relay} is now ${event.to} ${why}${latency}`;
}
