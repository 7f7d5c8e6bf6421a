/**
 * Whether a broker sends what is published at a path to a subscriber of a filter (MQTT 3.1.1, 4.7): written as a regular
 * expression, apart from the code that it is to judge.
 */
export function matches(filter: string, path: string): boolean {
  const inner = filter.replace(/^\$share\/[^/]+\//, "");
  if (path.startsWith("$") && /^[+#]/.test(inner)) return false;
  const pattern = inner
    .split("/")
    .map((level) => (level === "+" ? "[^/]*" : level === "#" ? "#" : level.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")))
    .join("/")
    .replace(/^#$/, "[^]*")
    .replace(/\/#$/, "(/[^]*)?");
  return new RegExp(`^${pattern}$`).test(path);
}
