import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import { isSection, valueAt } from "./key-path.ts";
import { childOf, hasMark, opened } from "./schema-walk.ts";

type Schema = z.core.$ZodType;

/** A value that `/set` put in the place of the configuration's. What is absent is left out, here and there. */
export interface KeptValue {
  readonly path: readonly string[];
  readonly value?: unknown;
  /** What the configuration had, and must still have when the value is laid over it. */
  readonly base?: unknown;
}

/**
 * What differs of what may change: never a secret, nor a section that holds one. As fine as the schema allows, so that
 * one camera's region does not stand and fall with another's; a union is one value, for a part of one kind fits no other.
 */
export function keptValues(schema: z.ZodType, base: unknown, current: unknown): readonly KeptValue[] {
  return differences(schema, asWritten(base), asWritten(current), [], false);
}

/** Whether the configuration still has what a kept value took the place of. */
export function stillStands({ path, base }: KeptValue, config: unknown): boolean {
  return isDeepStrictEqual(valueAt(asWritten(config), path), base);
}

function differences(
  schema: Schema,
  base: unknown,
  current: unknown,
  path: readonly string[],
  above: boolean,
): readonly KeptValue[] {
  if (isDeepStrictEqual(base, current)) return [];
  const { marks } = opened(schema);
  const changeable = above || marks.changeable === true;
  if (changeable && hasMark(schema, "secret")) return [];
  if (isSection(base) && isSection(current) && (!changeable || isDivisible(schema)))
    return [...new Set([...Object.keys(base), ...Object.keys(current)])].flatMap((key) => {
      const child = childOf(schema, key, current) ?? childOf(schema, key, base);
      return child ? differences(child, base[key], current[key], [...path, key], changeable) : [];
    });
  if (!changeable) return [];
  return [{ path, ...(current !== undefined && { value: current }), ...(base !== undefined && { base }) }];
}

function isDivisible(schema: Schema): boolean {
  return ["object", "record"].includes(opened(schema).core._zod.def.type);
}

/** As it comes back from a file. */
function asWritten(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
