import type { z } from "zod";
import { ProtocolError } from "./protocol-error.ts";

/** Between a value and the bytes of an MQTT payload. */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  /** @throws {ProtocolError} on bytes that do not fit; nothing else, whatever the bytes */
  decode(bytes: Uint8Array): T;
}

/** Largest JSON payload that is parsed, in bytes; the largest of ours, stats with 32 parts, is below a quarter of it. */
export const MAX_JSON_BYTES = 65_536;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * JSON checked by a schema. Unknown fields are ignored (zod strips them), so that a newer sender does not break an older
 * receiver.
 */
export function jsonCodec<T>(schema: z.ZodType<T>): Codec<T> {
  return {
    encode: (value) => new TextEncoder().encode(JSON.stringify(value)),
    decode: (bytes) => checked(schema, parseJson(bytes)),
  };
}

/** @throws {ProtocolError} `too-large` or `bad-json` */
export function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_JSON_BYTES)
    throw new ProtocolError("too-large", `${bytes.length} bytes of JSON where ${MAX_JSON_BYTES} are allowed`);
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new ProtocolError("bad-json", "not JSON in UTF-8", { cause });
  }
}

/** @throws {ProtocolError} `bad-shape`, naming the first field that does not fit */
export function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join(".") || "the payload";
  throw new ProtocolError("bad-shape", `${place}: ${issue?.message ?? "does not fit"}`);
}
