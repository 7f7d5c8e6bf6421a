import { didYouMean } from "@beckon/protocol/did-you-mean";
import { z } from "zod";
import { isSection, type KeyPath, parsePath, pathText, valueAt } from "./key-path.ts";
import { childOf, isOpen, keysOf, opened, schemaAt } from "./schema-walk.ts";
import { readSmallFile } from "./small-file.ts";
import { parseValue } from "./yaml-file.ts";

/** A value from the environment or a flag, in place of the file's. */
export interface Override {
  readonly path: KeyPath;
  readonly value: unknown;
  /** `BECKON_MQTT_URL` or `--set classifier.maxAge`, for errors. */
  readonly origin: string;
}

/** What to override, and what of it makes no sense. */
export interface Overrides {
  readonly overrides: readonly Override[];
  readonly errors: readonly string[];
}

type Env = Readonly<Record<string, string | undefined>>;
type Schema = z.core.$ZodType;

/** Flags: a path, its value as YAML, and how the flag is called where that is not `--set <path>`. */
export type Flag = readonly [path: string, value: string, origin?: string];

/** Those without `__`, which nothing else can be meant by. */
const SHORT: Readonly<Record<string, string>> = {
  BECKON_PREFIX: "prefix",
  BECKON_MQTT_URL: "mqtt.url",
  BECKON_MQTT_USERNAME: "mqtt.username",
  BECKON_MQTT_PASSWORD: "mqtt.password",
  BECKON_MQTT_PASSWORD_FILE: "mqtt.passwordFile",
  BECKON_MQTT_CA: "mqtt.ca",
  BECKON_MQTT_CERT: "mqtt.cert",
  BECKON_MQTT_KEY: "mqtt.key",
  BECKON_LOG_LEVEL: "log.level",
  BECKON_LOG_FORMAT: "log.format",
  BECKON_MONITORING_PROMETHEUS: "monitoring.prometheus",
  BECKON_MONITORING_HOST: "monitoring.host",
  BECKON_MONITORING_PORT: "monitoring.port",
  BECKON_KEEP_SETTINGS: "keepSettings",
};

const START = "BECKON_";
/** Between the keys of a variable; a single `_` may stand in a key. */
const BETWEEN = "__";
const FILE_END = "_FILE";

/**
 * Of the environment: `BECKON_MQTT_URL` and the like, and `BECKON_<SECTION>__<KEY>__<KEY>` for every key there is, capitals,
 * `_` and `-` not counting. Of a secret also with `_FILE` at the end: the file that holds it. Other variables that begin
 * with BECKON_ are left alone: Kubernetes sets such ones for a service of that name.
 *
 * @param tree the file's values: which keys a section with names has
 */
export function environmentOverrides(schema: z.ZodType, tree: unknown, env: Env): Overrides {
  const named = Object.entries(env).flatMap(([name, text]) => {
    if (text === undefined || !name.startsWith(START)) return [];
    const short = Object.hasOwn(SHORT, name) ? SHORT[name] : undefined;
    if (short !== undefined) return [{ origin: name, keys: parsePath(short), text }];
    return name.includes(BETWEEN) ? [{ origin: name, keys: name.slice(START.length).split(BETWEEN), text }] : [];
  });
  return gathered(named.map((one) => override(schema, tree, one)));
}

export function flagOverrides(schema: z.ZodType, tree: unknown, flags: readonly Flag[]): Overrides {
  return gathered(
    flags.map(([path, text, origin = `--set ${path}`]) =>
      override(schema, tree, { origin, keys: parsePath(path), text }),
    ),
  );
}

interface Named {
  readonly origin: string;
  readonly keys: readonly string[];
  readonly text: string;
}

function override(schema: z.ZodType, tree: unknown, { origin, keys, text }: Named): Override | string {
  const exact = resolve(schema, tree, keys);
  if ("path" in exact) return { origin, path: exact.path, value: valueFrom(schemaAt(schema, exact.path), text) };
  const last = keys.at(-1) ?? "";
  const fromFile = last.endsWith(FILE_END)
    ? resolve(schema, tree, [...keys.slice(0, -1), last.slice(0, -FILE_END.length)])
    : exact;
  if (!("path" in fromFile) || !isSecretAt(schema, fromFile.path)) return `${origin}: ${exact.error}`;
  try {
    return { origin, path: fromFile.path, value: readSmallFile(text).toString("utf8").trimEnd() };
  } catch (error) {
    return `${origin}: ${(error as Error).message}`;
  }
}

/** Finds the keys that are meant, whatever their capitals. */
function resolve(
  schema: z.ZodType,
  tree: unknown,
  keys: readonly string[],
): { readonly path: KeyPath } | { readonly error: string } {
  const path: (string | number)[] = [];
  let current: Schema = schema;
  for (const key of keys) {
    const found = keyOf(current, valueAt(tree, path), key);
    const child = found === undefined ? undefined : childOf(current, found);
    if (found === undefined || !child) return { error: unknownKey(current, path, key) };
    path.push(found);
    current = child;
  }
  return { path };
}

function keyOf(schema: Schema, value: unknown, key: string): string | number | undefined {
  const known = [...keysOf(schema), ...(isOpen(schema) && isSection(value) ? Object.keys(value) : [])];
  const match = known.find((candidate) => candidate === key) ?? known.find((one) => plain(one) === plain(key));
  if (match !== undefined) return match;
  // A name that the file does not have: cameras, relays and models are written in small letters and dashes.
  if (isOpen(schema)) return /[A-Z]/.test(key) ? key.toLowerCase().replaceAll("_", "-") : key;
  return /^\d{1,4}$/.test(key) && childOf(schema, Number(key)) ? Number(key) : undefined;
}

function unknownKey(schema: Schema, path: KeyPath, key: string): string {
  const keys = keysOf(schema);
  const word = /[a-z]/.test(key) ? key : key.toLowerCase().replaceAll("_", "-");
  const where = path.length === 0 ? "beckon.yaml" : pathText(path);
  if (path.length > 0 && keys.length === 0) return `${where} holds a value, not keys such as ${word}`;
  return `${where} has no ${word}${didYouMean(word, keys) || `; there are ${keys.join(", ")}`}`;
}

function plain(key: string): string {
  return key.toLowerCase().replaceAll(/[-_]/g, "");
}

/** Text stays text where text is asked for: a password of digits, a name `on`. */
function valueFrom(schema: Schema | undefined, text: string): unknown {
  if (!schema) return text;
  if (opened(schema).core._zod.def.type === "string") return text;
  const value = parseValue(text);
  return !z.safeParse(schema, value).success && z.safeParse(schema, text).success ? text : value;
}

function isSecretAt(schema: Schema, path: KeyPath): boolean {
  const at = schemaAt(schema, path);
  return at !== undefined && opened(at).marks.secret === true;
}

function gathered(found: readonly (Override | string)[]): Overrides {
  return {
    overrides: found.filter((one) => typeof one !== "string"),
    errors: found.filter((one) => typeof one === "string"),
  };
}
