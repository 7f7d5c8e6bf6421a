import type { Settings } from "@beckon/protocol";
import type { z } from "zod";
import { listed } from "./allowed.ts";
import { ConfigError } from "./config-error.ts";
import { faultsOf, keyHint, withoutCredentials } from "./faults.ts";
import { isSection, type KeyPath, pathText, valueAt, withValue } from "./key-path.ts";
import { childOf, hasMark, isOpen, keysOf, opened } from "./schema-walk.ts";

type Schema = z.core.$ZodType;

/** Whether `/set` can change anything of a service with this schema. */
export function hasChangeable(schema: z.ZodType): boolean {
  return hasMark(schema, "changeable");
}

/**
 * Applies what came on `/set`: a merge patch (RFC 7396), where null gives a field back its default. It may only touch what
 * the schema calls changeable, and the whole must still fit the schema; a service's schema takes what it has parsed.
 *
 * @throws {ConfigError} saying what was wrong; nothing has changed then
 */
export function applySettings<C>(schema: z.ZodType<C>, current: C, patch: Settings): C {
  const refused = fixedIn(schema, current, patch, []);
  if (refused.length > 0) throw new ConfigError(refused);
  return parsed(schema, mergePatch(current, patch));
}

/**
 * Puts one value in its place, or takes away what stands there where the value is undefined. It follows the same rules as
 * `applySettings`; a section replaces the one that stands there instead of being merged with it.
 *
 * @throws {ConfigError} saying what was wrong
 */
export function withSetting<C>(schema: z.ZodType<C>, current: C, path: readonly string[], value: unknown): C {
  const patch = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value ?? null) as Settings;
  const refused = fixedIn(schema, current, patch, []);
  if (refused.length > 0) throw new ConfigError(refused);
  return parsed(schema, value === undefined ? mergePatch(current, patch) : withValue(current, path, value));
}

function parsed<C>(schema: z.ZodType<C>, value: unknown): C {
  const faults = faultsOf(schema, value);
  if (faults.length > 0) throw new ConfigError(faults.map(({ text }) => text));
  return schema.parse(value);
}

/** What may be shown of a configuration: no secrets, no credentials in URLs. */
export function publicConfig<C>(schema: z.ZodType<C>, config: C): Settings {
  return (withoutSecrets(schema, config) ?? {}) as Settings;
}

/** Why a patch touches what may not change; empty when it does not. */
function fixedIn(schema: Schema, current: unknown, patch: Settings, path: KeyPath): readonly string[] {
  return Object.entries(patch).flatMap(([key, value]) => {
    const here = [...path, key];
    const child = childOf(schema, key, current);
    const there = valueAt(current, [key]);
    const unknownName = isOpen(schema) && there === undefined;
    if (!child || unknownName) {
      const keys = isOpen(schema) ? Object.keys(isSection(current) ? current : {}) : keysOf(schema, current);
      return [`${pathText(here)} is no setting${keyHint(key, keys)}`];
    }
    const { marks } = opened(child);
    if (marks.changeable && !hasMark(child, "secret")) return [];
    if (isSection(value) && hasMark(child, "changeable")) return fixedIn(child, there, value as Settings, here);
    const others = keysOf(schema, current).filter((one) => isChangeable(schema, one, current));
    const hint = others.length > 0 ? `; ${listed(others, "and")} can` : "";
    return [`${pathText(here)} cannot change while the service runs${hint}`];
  });
}

function isChangeable(schema: Schema, key: string, current: unknown): boolean {
  const child = childOf(schema, key, current);
  return child !== undefined && hasMark(child, "changeable");
}

/** RFC 7396, "JSON Merge Patch", section 2. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isSection(patch)) return patch;
  const merged = new Map(isSection(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

function withoutSecrets(schema: Schema | undefined, value: unknown): unknown {
  if (schema && opened(schema).marks.secret) return undefined;
  if (typeof value === "string") return withoutCredentials(value);
  if (Array.isArray(value)) return value.map((item, index) => withoutSecrets(childIn(schema, index, value), item));
  if (!isSection(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, withoutSecrets(childIn(schema, key, value), inner)] as const)
      .filter(([, inner]) => inner !== undefined),
  );
}

function childIn(schema: Schema | undefined, key: string | number, value: unknown): Schema | undefined {
  return schema && childOf(schema, key, value);
}
