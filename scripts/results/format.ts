/** `84.2 %` of a share 0..1. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** `45 s`, `12.5 min`. */
export function duration(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${(seconds / 60).toFixed(1)} min`;
}
