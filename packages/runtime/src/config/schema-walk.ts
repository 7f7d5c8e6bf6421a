import { z } from "zod";
import { isSection, type KeyPath } from "./key-path.ts";
import { type Marks, ownMarks } from "./marks.ts";

type Schema = z.core.$ZodType;

export interface Opened {
  /** What is inside `optional()`, `default()` and the like. */
  readonly core: z.core.$ZodTypes;
  /** Of the core and of all that was around it. */
  readonly marks: Marks;
}

/** Takes the wrappers off a schema. */
export function opened(schema: Schema): Opened {
  let marks: Marks = {};
  let current = schema as z.core.$ZodTypes;
  for (;;) {
    marks = { ...ownMarks(current), ...marks };
    const inner = innerOf(current);
    if (!inner) return { core: current, marks };
    current = inner as z.core.$ZodTypes;
  }
}

function innerOf({ _zod: { def } }: z.core.$ZodTypes): Schema | undefined {
  switch (def.type) {
    case "optional":
    case "default":
    case "prefault":
    case "nullable":
    case "nonoptional":
    case "readonly":
    case "catch":
      return def.innerType;
    case "lazy":
      return def.getter();
    case "pipe":
      // `preprocess` has its function first, `transform` has it last: a schema of values is on the other side.
      return (def.in as z.core.$ZodTypes)._zod.def.type === "transform" ? def.out : def.in;
    default:
      return undefined;
  }
}

/** The schema of a value in a section or list; of a union, by the option that the given value is of, or else any. */
export function childOf(schema: Schema, key: string | number, value?: unknown): Schema | undefined {
  const { def } = opened(schema).core._zod;
  switch (def.type) {
    case "object":
      return Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
    case "record":
      return def.valueType;
    case "array":
      return isIndex(key) ? def.element : undefined;
    case "tuple":
      return isIndex(key) ? (def.items[Number(key)] ?? def.rest ?? undefined) : undefined;
    case "union": {
      const chosen = optionOf(schema, value);
      if (!chosen && "discriminator" in def && key === def.discriminator) return anyOf(def.options, String(key));
      return firstOf(chosen ? [chosen] : def.options, (option) => childOf(option, key, value));
    }
    case "intersection":
      return childOf(def.left, key, value) ?? childOf(def.right, key, value);
    default:
      return undefined;
  }
}

/** The keys that a section may have; none for a record, whose keys are names. */
export function keysOf(schema: Schema, value?: unknown): readonly string[] {
  const { def } = opened(schema).core._zod;
  if (def.type === "object") return Object.keys(def.shape);
  if (def.type === "intersection") return [...keysOf(def.left, value), ...keysOf(def.right, value)];
  if (def.type !== "union") return [];
  const chosen = optionOf(schema, value);
  return [...new Set((chosen ? [chosen] : def.options).flatMap((option) => keysOf(option, value)))];
}

/** Whether a section may have keys that its schema does not name. */
export function isOpen(schema: Schema): boolean {
  const { def } = opened(schema).core._zod;
  if (def.type === "record") return true;
  return def.type === "object" && def.catchall !== undefined && def.catchall._zod.def.type !== "never";
}

/** Which option of a union a value is of: by its discriminator, or else the first that takes it. */
export function optionOf(schema: Schema, value: unknown): Schema | undefined {
  const { def } = opened(schema).core._zod;
  if (def.type !== "union") return undefined;
  const discriminator = "discriminator" in def ? String(def.discriminator) : undefined;
  return def.options.find((option) => {
    if (discriminator === undefined) return z.safeParse(option, value).success;
    const field = childOf(option, discriminator);
    return field !== undefined && isSection(value) && z.safeParse(field, value[discriminator]).success;
  });
}

/** The schema at a path below a schema. */
export function schemaAt(schema: Schema, path: KeyPath, value?: unknown): Schema | undefined {
  let current: Schema | undefined = schema;
  let at = value;
  for (const key of path) {
    current = current && childOf(current, key, at);
    at = isSection(at) || Array.isArray(at) ? (at as Record<string | number, unknown>)[key] : undefined;
  }
  return current;
}

/** Whether a mark stands anywhere in a schema. */
export function hasMark(schema: Schema, mark: keyof Marks, seen = new Set<Schema>()): boolean {
  const { core, marks } = opened(schema);
  if (marks[mark]) return true;
  if (seen.has(core)) return false;
  seen.add(core);
  return insides(core).some((inside) => hasMark(inside, mark, seen));
}

function insides({ _zod: { def } }: z.core.$ZodTypes): readonly Schema[] {
  switch (def.type) {
    case "object":
      return Object.values(def.shape);
    case "record":
      return [def.valueType];
    case "array":
      return [def.element];
    case "tuple":
      return def.rest ? [...def.items, def.rest] : def.items;
    case "union":
      return def.options;
    case "intersection":
      return [def.left, def.right];
    default:
      return [];
  }
}

/** The discriminator of a union: one of the literals that its options have there. */
function anyOf(options: readonly Schema[], key: string): Schema {
  const values = options.flatMap((option) => {
    const child = childOf(option, key);
    const def = child && opened(child).core._zod.def;
    return def?.type === "literal" ? def.values : [];
  });
  return z.literal(values.filter((value) => typeof value === "string"));
}

function isIndex(key: string | number): boolean {
  return /^\d+$/.test(String(key));
}

function firstOf<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
