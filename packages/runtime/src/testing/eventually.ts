import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 10;

/**
 * Waits until something is so. The deadline only catches a hang.
 *
 * @param check called again and again until it neither throws nor gives false or undefined
 * @param options.within ms, 30 s unless given
 * @returns what the check gave
 * @throws the check's last error, or one that says that it never came true; a check without a result passes with `return true`
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { within = 30_000 }: { readonly within?: number } = {},
): Promise<Exclude<T, false | undefined>> {
  const deadline = performance.now() + within;
  let failure: unknown;
  do {
    try {
      failure = undefined;
      const value = await check();
      if (value !== false && value !== undefined) return value as Exclude<T, false | undefined>;
    } catch (error) {
      failure = error;
    }
    await sleep(POLL_MS);
  } while (performance.now() < deadline);
  throw failure ?? new Error(`it did not come true within ${within} ms: ${check}`);
}
