import { parseArgs } from "node:util";
import { didYouMean } from "@beckon/protocol/did-you-mean";
import type { ArgsDef } from "citty";
import { UsageError } from "./usage.ts";

/** What was typed after a command, read strictly: citty itself lets unknown flags through and keeps the last of repeated ones. */
export class Arguments {
  readonly positionals: readonly string[];
  private readonly values: ReadonlyMap<string, readonly string[]>;

  /**
   * @param definition the command's arguments, as given to citty
   * @throws UsageError for an unknown flag, a flag without its value, or words that have no place
   */
  constructor(rawArgs: readonly string[], definition: ArgsDef) {
    const { positionals, values } = read(rawArgs, definition);
    checkPositionals(positionals, definition);
    this.positionals = positionals;
    this.values = values;
  }

  /** Every value of a flag that may be repeated. */
  all(flag: string): readonly string[] {
    return this.values.get(flag) ?? [];
  }

  /** The value of a flag; the last one where it was repeated. */
  text(flag: string): string | undefined {
    return this.all(flag).at(-1);
  }

  /** `true` when a switch was given, `false` for its `--no-` form or where it is absent. */
  on(flag: string): boolean {
    return this.text(flag) === "true";
  }

  /** Values between commas, also of repeated flags; undefined when the flag is absent. */
  list(flag: string): readonly string[] | undefined {
    const given = this.all(flag);
    if (given.length === 0) return undefined;
    const items = given.flatMap((value) => value.split(",").map((item) => item.trim()));
    if (items.includes(""))
      throw new UsageError(`--${flag} "${given.join(",")}": a name is missing between the commas`);
    return items;
  }

  /** A value out of a few. */
  choice<T extends string>(flag: string, options: readonly T[]): T | undefined {
    const given = this.text(flag);
    if (given === undefined) return undefined;
    const found = options.find((option) => option === given);
    if (found === undefined) {
      throw new UsageError(`--${flag} "${given}": one of ${options.join(", ")} is wanted${didYouMean(given, options)}`);
    }
    return found;
  }

  /** A number within a range, both ends included. */
  number(flag: string, range: NumberRange): number | undefined {
    const given = this.text(flag);
    return given === undefined ? undefined : parseNumber(`--${flag}`, given, range);
  }

  /** A flag or a word that the command cannot do without. */
  required(value: string | undefined, message: string): string {
    if (value === undefined) throw new UsageError(message);
    return value;
  }
}

/** Which numbers a flag takes. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
  /** Only whole numbers. */
  readonly whole?: boolean;
}

/**
 * @param name of the flag, for the message
 * @throws UsageError naming flag, value and range
 */
function parseNumber(name: string, text: string, { min, max, whole = false }: NumberRange): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
  throw new UsageError(`${name} "${text}": a ${whole ? "whole " : ""}number from ${min} to ${max} is wanted`);
}

function read(rawArgs: readonly string[], definition: ArgsDef) {
  const flags = Object.entries(definition).filter(([, { type }]) => type !== "positional");
  const { tokens } = parseArgs({
    args: [...rawArgs],
    options: Object.fromEntries(
      flags.map(([name, { type }]) => [
        name,
        { type: type === "boolean" ? ("boolean" as const) : ("string" as const) },
      ]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const positionals: string[] = [];
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const { name, value } = readFlag(token.name, token.rawName, token.value, definition);
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return { positionals, values };
}

function readFlag(name: string, rawName: string, value: string | undefined, definition: ArgsDef) {
  const negated = name.startsWith("no-") && definition[name.slice(3)]?.type === "boolean";
  const known = negated ? name.slice(3) : name;
  const flag = Object.hasOwn(definition, known) ? definition[known] : undefined;
  if (flag === undefined || flag.type === "positional" || !rawName.startsWith("--")) {
    const names = Object.keys(definition).filter((key) => definition[key]?.type !== "positional");
    throw new UsageError(
      `unknown flag ${rawName}${didYouMean(
        rawName,
        names.map((key) => `--${key}`),
      )}`,
    );
  }
  if (flag.type === "boolean") {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value, found "${value}"`);
    return { name: known, value: String(!negated) };
  }
  // `--out --json` is a forgotten value, not a folder called "--json"; `--out=--json` can still be written.
  if (value === undefined || value === "" || value.startsWith("--")) {
    throw new UsageError(`${rawName} needs a value: ${rawName} <${flag.valueHint ?? "value"}>`);
  }
  return { name: known, value };
}

function checkPositionals(given: readonly string[], definition: ArgsDef): void {
  const places = Object.entries(definition).filter(([, { type }]) => type === "positional");
  const open = places.some(([, { valueHint }]) => valueHint === "...");
  const extra = given[places.length];
  if (extra !== undefined && !open) throw new UsageError(`"${extra}" has no place here${flagHint(extra, definition)}`);
  const missing = places.slice(given.length).find(([, { required }]) => required !== false);
  if (missing !== undefined) throw new UsageError(`<${missing[0]}> is missing: ${missing[1].description ?? ""}`);
}

function flagHint(word: string, definition: ArgsDef): string {
  const first = Object.entries(definition).find(([name, { type }]) => type !== "positional" && name === word)?.[0];
  return first === undefined ? "; flags begin with --" : `; did you mean --${first}?`;
}
