import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * Where the spool is unless it is said: `$XDG_STATE_HOME/beckon/metrics`, else `~/.local/state/beckon/metrics`.
 *
 * @returns undefined for a user without a home folder
 */
export function stateFolder(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const state = env["XDG_STATE_HOME"];
  // The specification tells to ignore a relative one.
  if (state !== undefined && isAbsolute(state)) return join(state, "beckon", "metrics");
  try {
    return join(homedir(), ".local", "state", "beckon", "metrics");
  } catch {
    return undefined;
  }
}
