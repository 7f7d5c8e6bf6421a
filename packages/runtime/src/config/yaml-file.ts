import { readFileSync, statSync } from "node:fs";
import { type Document, isCollection, isMap, isPair, isScalar, LineCounter, parseDocument } from "yaml";
import { ConfigError } from "./config-error.ts";
import type { KeyPath } from "./key-path.ts";

const MAX_BYTES = 1_000_000;
/** Aliases are for a handful of repeated values; a file that multiplies itself is refused. */
const MAX_ALIASES = 100;

/** A YAML file, and where each of its keys stands. */
export interface YamlFile {
  readonly value: unknown;
  /** The line of a key, or of the nearest key above it that is written in the file; undefined where none is. */
  lineOf(path: KeyPath): number | undefined;
}

/** @throws {ConfigError} naming the line, when it is not there, too large or no YAML */
export function readYaml(file: string): YamlFile {
  return parseYaml(readText(file), file);
}

/** @param file only names it in errors */
function parseYaml(text: string, file: string): YamlFile {
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    if (document.errors.length > 0)
      throw new ConfigError(
        document.errors.map(({ pos, message }) => `${file}:${lines.linePos(pos[0]).line}: ${message.split("\n")[0]}`),
      );
    return {
      value: document.toJS({ maxAliasCount: MAX_ALIASES }),
      lineOf: (path) => lineOf(document, lines, path),
    };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const why = error instanceof RangeError ? "nested too deeply" : firstLine(error);
    throw new ConfigError([`${file}: ${why}`], { cause: error });
  }
}

/** @returns a value of a flag or an environment variable; the text itself where it is no YAML */
export function parseValue(text: string): unknown {
  try {
    return parseYaml(text, "").value;
  } catch {
    return text;
  }
}

function readText(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > MAX_BYTES) throw new ConfigError([`${file}: has ${size} bytes where ${MAX_BYTES} are allowed`]);
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new ConfigError([missing ? `${file}: there is no such file` : `${file}: ${firstLine(error)}`], {
      cause: error,
    });
  }
}

function lineOf(document: Document, lines: LineCounter, path: KeyPath): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const key of path) {
    const pair = isMap(node)
      ? node.items.find(
          (item) => isPair(item) && String(isScalar(item.key) ? item.key.value : item.key) === String(key),
        )
      : undefined;
    const inner: unknown = pair ? pair.value : isCollection(node) ? node.items[Number(key)] : undefined;
    const place = pair ? pair.key : inner;
    if (place === undefined) break;
    offset = rangeOf(place)?.[0] ?? offset;
    node = inner;
  }
  return offset === undefined ? undefined : lines.linePos(offset).line;
}

function rangeOf(node: unknown): readonly number[] | null | undefined {
  return typeof node === "object" && node !== null && "range" in node
    ? (node.range as readonly number[] | null)
    : undefined;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
