import * as words from "../words.ts";

const system = words.system;

/** Whole numbers with separators, small ones with a decimal. */
export function number(value: number): string {
  const digits = Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : 1;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** @param at ms since the epoch; another day than today's is named */
export function clock(at: number): string {
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  return today ? date.toLocaleTimeString() : date.toLocaleString();
}

/** `3 d 4 h`, `12 min`, `40 s` */
export function span(seconds: number): string {
  const { days, hours, minutes, seconds: second } = system.time;
  const parts = [
    [Math.floor(seconds / 86_400), days],
    [Math.floor(seconds / 3600) % 24, hours],
    [Math.floor(seconds / 60) % 60, minutes],
    [Math.floor(seconds) % 60, second],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return `0 ${second}`;
  const shown = parts.slice(first, first === 0 ? 2 : first + 1).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(" ");
}
