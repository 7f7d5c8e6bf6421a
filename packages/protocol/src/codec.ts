import type * as z from "zod";
import { ProtocolError } from "./protocol-error.ts";

/** Between a value and the bytes of an MQTT payload. */
export interface Codec<T> {
  /**
   * Does not check what the types promise: it is the receiver that trusts nobody.
   *
   * @throws {ProtocolError} on an envelope for what is no JPEG; nothing else
   */
  encode(value: T): Uint8Array;
  /** @throws {ProtocolError} on bytes that do not fit; nothing else, whatever the bytes */
  decode(bytes: Uint8Array): T;
  /** What the JSON must fit; a JPEG has none. */
  readonly schema?: z.ZodType<T>;
}

/** Largest JSON payload that is parsed, in bytes; the largest of ours, stats with 32 parts of 30 figures, take 37 kB. */
export const MAX_JSON_BYTES = 65_536;

/** Deepest nesting that is parsed; ours go 4 deep, and a schema that calls itself would exhaust the stack at some 1000. */
export const MAX_JSON_DEPTH = 32;

/** Longest reason that is given for a refusal: it may quote a stranger's words, and ends in a log. */
const MAX_REASON = 200;

const utf8 = new TextDecoder("utf-8", { fatal: true });
const toUtf8 = new TextEncoder();

/**
 * JSON checked by a schema. Unknown fields are ignored (zod strips them), so that a newer sender does not break an older
 * receiver.
 */
export function jsonCodec<T>(schema: z.ZodType<T>): Codec<T> {
  return {
    encode: encodeJson,
    decode: (bytes) => checked(schema, parseJson(bytes)),
    schema,
  };
}

export function encodeJson(value: unknown): Uint8Array {
  return toUtf8.encode(JSON.stringify(value));
}

/** @throws {ProtocolError} `too-large` or `bad-json` */
export function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_JSON_BYTES)
    throw new ProtocolError("too-large", `${bytes.length} bytes of JSON where ${MAX_JSON_BYTES} are allowed`);
  if (nestsDeeper(bytes, MAX_JSON_DEPTH))
    throw new ProtocolError("bad-json", `JSON nested deeper than ${MAX_JSON_DEPTH}`);
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new ProtocolError("bad-json", "not JSON in UTF-8", { cause });
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Counts brackets outside of strings. UTF-8 never has an ASCII byte inside of another character. */
function nestsDeeper(bytes: Uint8Array, limit: number): boolean {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index];
    if (quoted) {
      if (byte === BACKSLASH) index += 1;
      else if (byte === QUOTE) quoted = false;
    } else if (byte === QUOTE) quoted = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > limit) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return false;
}

/** @throws {ProtocolError} `bad-shape`, naming the first field that does not fit */
export function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.map(String).join(".") || "the payload";
  const reason = `${place}: ${issue?.message ?? "does not fit"}`;
  throw new ProtocolError("bad-shape", reason.slice(0, MAX_REASON).replace(/\p{C}+/gu, "?"));
}
