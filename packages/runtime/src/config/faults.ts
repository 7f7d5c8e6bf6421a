import { didYouMean } from "@beckon/protocol/did-you-mean";
import type { z } from "zod";
import { allowed, choices, listed } from "./allowed.ts";
import { isSection, type KeyPath, pathText, valueAt } from "./key-path.ts";
import { childOf, isOpen, keysOf, opened, optionOf, schemaAt } from "./schema-walk.ts";

/** One thing that is wrong in a configuration. */
export interface Fault {
  readonly path: KeyPath;
  /** Begins with the path: `classifier.maxAge is "soon", but must be a number from 0`. */
  readonly text: string;
}

/** More than this of a value is not shown. */
const MOST_SHOWN = 60;

type Issue = z.core.$ZodIssue;

/** Everything that is wrong with a value: what the schema refuses, and keys that it does not have. */
export function faultsOf(schema: z.ZodType, value: unknown, base: KeyPath = []): readonly Fault[] {
  const parsed = schema.safeParse(value);
  const issues = parsed.success ? [] : parsed.error.issues.flatMap((issue) => leaves(issue));
  const refused = issues.map((issue) => faultOf(schema, value, issue, base));
  const unknown = unknownKeys(schema, value).map(({ path, hint }) => ({
    path: [...base, ...path],
    text: `${pathText([...base, ...path])} is no setting${hint}`,
  }));
  return [...refused, ...unknown];
}

/** `"soon"`, `12`, `a section of 3`; cut, and without the credentials of a URL. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length > 0 ? cut(JSON.stringify(value) ?? "") : "an empty list";
  if (isSection(value)) return "a section";
  return cut(typeof value === "string" ? JSON.stringify(withoutCredentials(value)) : String(value));
}

/** `rtsp://user:password@camera/` becomes `rtsp://camera/`. */
export function withoutCredentials(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, "$1");
}

/** Of a union that fits no option, the faults of the one that was meant, where that can be told. */
function leaves(issue: Issue): readonly Issue[] {
  if (issue.code === "unrecognized_keys") return [];
  if (issue.code !== "invalid_union") return [issue];
  const meant = issue.errors
    .filter((faults) => faults.length > 0 && faults.every(({ path }) => path.length > 0))
    .toSorted((a, b) => a.length - b.length)[0];
  return meant
    ? meant.flatMap((inner) => leaves({ ...inner, path: [...issue.path, ...inner.path] } as Issue))
    : [issue];
}

function faultOf(schema: z.ZodType, value: unknown, issue: Issue, base: KeyPath): Fault {
  const inside = issue.path.map((key) => (typeof key === "symbol" ? String(key) : key));
  const path = [...base, ...inside];
  const at = schemaAt(schema, inside, value);
  const found = valueAt(value, inside);
  const name = pathText(path) || "the configuration";
  if (issue.code === "invalid_key")
    return {
      path,
      text: `${name}: the name ${shown(inside.at(-1))}${reason(issue.issues[0]?.message ?? "is refused")}`,
    };
  if (found === undefined) return { path, text: `${name} is missing: it must be ${at ? allowed(at) : "given"}` };
  // The whole way counts: what is in a secret is secret.
  const hidden = inside.some((_, index) => isSecret(schema, inside.slice(0, index + 1), value));
  const what = hidden ? `${name} holds a secret that does not fit` : `${name} is ${shown(found)}`;
  return { path, text: `${what}${reason(demand(issue, at))}${near(at, found)}` };
}

/** What the one who wrote the schema says, where it was said; else what is allowed. */
function demand(issue: Issue, at: z.core.$ZodType | undefined): string {
  const own = issue.code === "custom" || (issue.code === "invalid_format" && !issue.message.startsWith("Invalid"));
  return own || !at ? issue.message : `must be ${allowed(at)}`;
}

function reason(text: string): string {
  return text.startsWith("must") ? `, but ${text}` : `: ${text}`;
}

function near(at: z.core.$ZodType | undefined, found: unknown): string {
  return at && typeof found === "string" ? didYouMean(found, choices(at)) : "";
}

function isSecret(schema: z.ZodType, path: KeyPath, value: unknown): boolean {
  const at = schemaAt(schema, path, value);
  return at !== undefined && opened(at).marks.secret === true;
}

/** zod strips what it does not know; in a file it is a spelling mistake. */
function unknownKeys(schema: z.core.$ZodType, value: unknown): readonly { path: KeyPath; hint: string }[] {
  const { core } = opened(schema);
  if (core._zod.def.type === "union") {
    const option = optionOf(core, value);
    return option ? unknownKeys(option, value) : [];
  }
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : isSection(value)
      ? Object.entries(value)
      : [];
  const keyed = isSection(value) && ["object", "intersection"].includes(core._zod.def.type);
  return entries.flatMap(([key, inner]) => {
    // zod leaves it out without a word, whatever the schema.
    if (key === "__proto__") return [{ path: [key], hint: "" }];
    const child = childOf(core, key, value);
    if (child) return unknownKeys(child, inner).map(({ path, hint }) => ({ path: [key, ...path], hint }));
    return keyed && !isOpen(core) ? [{ path: [key], hint: keyHint(String(key), keysOf(core, value)) }] : [];
  });
}

/** `; did you mean maxAge?`, or which keys there are. */
export function keyHint(key: string, keys: readonly string[]): string {
  return didYouMean(key, keys) || (keys.length > 0 ? `; there are ${listed(keys, "and")}` : "");
}

function cut(text: string): string {
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text;
}
