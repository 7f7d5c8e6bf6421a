/** Where a value stands in a configuration: keys of sections, indices of lists. */
export type KeyPath = readonly (string | number)[];

/** `relay.rules[0].gesture` */
export function pathText(path: KeyPath): string {
  return path.map((key, index) => (typeof key === "number" ? `[${key}]` : index === 0 ? key : `.${key}`)).join("");
}

/** Reads `relay.rules[0].gesture` or `relay.rules.0.gesture`; every key comes out as text. */
export function parsePath(text: string): readonly string[] {
  return text.replaceAll(/\[(\d+)\]/g, ".$1").split(".");
}

export function startsWith(path: KeyPath, start: KeyPath): boolean {
  return start.length <= path.length && start.every((key, index) => String(key) === String(path[index]));
}

export function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function valueAt(tree: unknown, path: KeyPath): unknown {
  let value = tree;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

/** @returns a copy of the tree with the value in its place; what is in the way and holds no keys is replaced */
export function withValue(tree: unknown, path: KeyPath, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(tree) && /^\d+$/.test(String(key))) {
    const copy = [...tree];
    copy[Number(key)] = withValue(copy[Number(key)], rest, value);
    return copy;
  }
  const section = isSection(tree) ? tree : {};
  // A computed key is always a property of its own, `__proto__` too.
  return { ...section, [key]: withValue(Object.hasOwn(section, key) ? section[key] : undefined, rest, value) };
}
