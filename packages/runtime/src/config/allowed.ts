import type { z } from "zod";
import { keysOf, opened } from "./schema-walk.ts";

/** More keys than a line can hold are cut. */
const MOST_KEYS = 20;

/** What a schema allows, in words: `a whole number from 1 to 60`, `auto, onnx or tfjs`. */
export function allowed(schema: z.core.$ZodType): string {
  const { core } = opened(schema);
  const { def } = core._zod;
  switch (def.type) {
    case "string":
      return text(core);
    case "number":
      return number(core);
    case "boolean":
      return "true or false";
    case "null":
      return "null";
    case "enum":
    case "literal":
      return listed(choices(core));
    case "array":
      return `a list, each of it ${allowed(def.element)}`;
    case "tuple":
      return `a list of ${def.items.length}: ${def.items.map(allowed).join(", ")}`;
    case "object":
      return `a section of ${listed(Object.keys(def.shape), "and")}`;
    case "record":
      return `a section of names, each of it ${allowed(def.valueType)}`;
    case "union":
      return [
        ...new Set(def.options.filter((option) => !isObject(option)).map(allowed)),
        ...(def.options.some(isObject) ? [`a section of ${listed(keysOf(core), "and")}`] : []),
      ].join(" or ");
    default:
      return "another value";
  }
}

/** `a, b or c` */
export function listed(words: readonly string[], last = "or"): string {
  const shown = words.length > MOST_KEYS ? [...words.slice(0, MOST_KEYS), "..."] : words;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} ${last} ${shown.at(-1)}`;
}

function isObject(schema: z.core.$ZodType): boolean {
  return opened(schema).core._zod.def.type === "object";
}

/** The words of a choice; empty where any value of a type will do. */
export function choices(schema: z.core.$ZodType): readonly string[] {
  const { def } = opened(schema).core._zod;
  if (def.type === "enum") return Object.values(def.entries).map(String);
  return def.type === "literal" ? def.values.map(String) : [];
}

function text(core: z.core.$ZodTypes): string {
  const limits = limitsOf(core);
  if (limits.format === "url") return "a URL";
  if (limits.most !== undefined) return `text of ${limits.least ?? 0} to ${limits.most} characters`;
  if (limits.least === 1) return "text that is not empty";
  return limits.least === undefined ? "text" : `text of ${limits.least} characters or more`;
}

function number(core: z.core.$ZodTypes): string {
  const { above, below, from, to, format } = limitsOf(core);
  const lower = from === undefined ? above !== undefined && ` above ${above}` : ` from ${from}`;
  const upper = to === undefined ? below !== undefined && ` below ${below}` : ` ${lower ? "to" : "of at most"} ${to}`;
  return `${format?.includes("int") ? "a whole number" : "a number"}${lower || ""}${upper || ""}`;
}

interface Limits {
  from?: number;
  above?: number;
  to?: number;
  below?: number;
  least?: number;
  most?: number;
  format?: string;
}

/** What the checks of a schema say of its limits. */
function limitsOf({ _zod: { def } }: z.core.$ZodTypes): Limits {
  const limits: Limits = {};
  for (const check of [def, ...(def.checks ?? []).map(({ _zod }) => _zod.def)] as readonly CheckDef[]) {
    const { value, inclusive, minimum, maximum, format } = check;
    if (check.check === "greater_than" && typeof value === "number") limits[inclusive ? "from" : "above"] = value;
    if (check.check === "less_than" && typeof value === "number") limits[inclusive ? "to" : "below"] = value;
    if (minimum !== undefined) limits.least = minimum;
    if (maximum !== undefined) limits.most = maximum;
    if (format !== undefined) limits.format = format;
  }
  return limits;
}

interface CheckDef {
  readonly check?: string;
  readonly value?: unknown;
  readonly inclusive?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly format?: string;
}
