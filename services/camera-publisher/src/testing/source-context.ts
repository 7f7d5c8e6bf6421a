import type { SourceContext } from "../frame-source.ts";

/** What a source is given in a test, and what it said. */
export function sourceContext(signal: AbortSignal = new AbortController().signal) {
  const said: string[] = [];
  const say = (...words: unknown[]): void => void said.push(words.filter((word) => typeof word === "string").join(" "));
  const context: SourceContext = { signal, log: { info: say, warn: say, debug: () => {} } };
  return { context, said };
}
