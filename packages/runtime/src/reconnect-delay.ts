/** An outage is taken for a restart in its first minute, and for a machine that is switched off afterwards. */
const SHORT_OUTAGE_MS = 60_000;
const SOON_MS = [100, 400] as const;
const LATER_MS = [1000, 2000] as const;

/**
 * How long to wait before the next attempt to connect. Jittered, so that a home full of services does not knock on a
 * broker's door all at once when it is back.
 *
 * @param outageMs since the connection was lost, or was wanted for the first time
 * @param random 0..1, for tests
 * @returns ms
 */
export function reconnectDelay(outageMs: number, random = Math.random()): number {
  const [least, most] = outageMs < SHORT_OUTAGE_MS ? SOON_MS : LATER_MS;
  return least + random * (most - least);
}
