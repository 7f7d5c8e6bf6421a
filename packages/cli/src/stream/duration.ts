import { UsageError } from "../usage.ts";

const UNITS: Readonly<Record<string, number>> = { "": 1000, ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

/**
 * Reads `500ms`, `5s`, `2m`; a bare number is seconds.
 *
 * @param flag for the message
 * @returns ms
 * @throws UsageError when it is none
 */
export function parseDuration(flag: string, text: string): number {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(text.trim()) ?? [];
  const scale = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  if (number === undefined || scale === undefined)
    throw new UsageError(`${flag} "${text}": a time is wanted, such as 500ms, 5s or 1m`);
  return Number(number) * scale;
}
