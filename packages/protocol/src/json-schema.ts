import * as z from "zod";
import type { Codec } from "./codec.ts";
import { FrameEnvelope } from "./envelope.ts";
import * as payloads from "./payloads.ts";
import { createTopics, FAMILIES, type FamilyName, type Qos } from "./topics.ts";

/** One topic, for readers that are not written in TypeScript. */
export interface TopicEntry {
  /** `beckon/<camera>/frame` */
  readonly topic: string;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly about: string;
  /** A JSON payload, by its place in `$defs`; a JPEG whose `beckon/1` comment fits `envelope`. */
  readonly payload: { readonly $ref: string } | { readonly contentMediaType: "image/jpeg"; readonly envelope: object };
}

/** The whole wire contract as one JSON Schema document: what is in `schema.json`. */
export interface ProtocolSchema {
  readonly $schema: string;
  readonly title: string;
  readonly description: string;
  readonly topics: Readonly<Record<FamilyName, TopicEntry>>;
  readonly $defs: Readonly<Record<string, object>>;
}

/** Every JSON payload as JSON Schema (draft 2020-12), and which topic carries which. */
export function protocolSchema(): ProtocolSchema {
  const entries = FAMILIES.map((family) => [family, topicEntry(family)] as const);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "What travels between the services of Beckon",
    description:
      "Times (at, since) are ms since the epoch by the clock of whoever stamped them, latencies ms, confidences 0..1. Unknown fields are ignored.",
    topics: Object.fromEntries(entries) as Record<FamilyName, TopicEntry>,
    $defs: definitions(),
  };
}

/** The name of what a topic carries: of its schema, or `JPEG`. */
export function payloadName({ schema }: Codec<unknown>): string {
  if (!schema) return "JPEG";
  const [name] = Object.entries(payloads).find(([, candidate]) => candidate === schema) ?? [];
  if (!name) throw new Error("a topic's schema is not exported by payloads.ts under any name");
  return name;
}

function topicEntry(family: FamilyName): TopicEntry {
  const { pattern, qos, retain, about, codec } = createTopics()[family];
  const name = payloadName(codec as Codec<unknown>);
  const payload =
    name === "JPEG"
      ? { contentMediaType: "image/jpeg" as const, envelope: { $ref: "#/$defs/FrameEnvelope" } }
      : { $ref: `#/$defs/${name}` };
  return { topic: pattern, qos, retain, about, payload };
}

function definitions(): Record<string, object> {
  const found: Record<string, object> = { FrameEnvelope: definition(FrameEnvelope, "FrameEnvelope") };
  for (const family of FAMILIES) {
    const codec = createTopics()[family].codec as Codec<unknown>;
    if (codec.schema) found[payloadName(codec)] = definition(codec.schema, payloadName(codec));
  }
  return found;
}

/** What a sender writes (`input`), so that unknown fields are welcome in the schema as they are on the wire. */
function definition(schema: z.ZodType, name: string): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input", target: "draft-2020-12" });
  // A schema that calls itself refers to "#/$defs/...": here that is one level further down.
  return JSON.parse(JSON.stringify({ title: name, ...rest }).replaceAll('"#/$defs/', `"#/$defs/${name}/$defs/`));
}
