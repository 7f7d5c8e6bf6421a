import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * Where a user's own things lie, such as samples and models: `$XDG_DATA_HOME/beckon/<name>`, else
 * `~/.local/share/beckon/<name>`.
 *
 * @returns undefined for a user without a home folder
 */
export function dataFolder(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  return userFolder(env["XDG_DATA_HOME"], [".local", "share"], name);
}

/**
 * Where a service keeps what it needs again at its next start: `$XDG_STATE_HOME/beckon/<name>`, else
 * `~/.local/state/beckon/<name>`.
 *
 * @returns undefined for a user without a home folder
 */
export function stateFolder(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  return userFolder(env["XDG_STATE_HOME"], [".local", "state"], name);
}

/** A path as a user writes it: `~/` at its begin is the home folder, as in a shell. */
export function withHome(path: string): string {
  if (path !== "~" && !path.startsWith("~/")) return path;
  const home = homeFolder();
  return home === undefined ? path : join(home, path.slice(1));
}

function userFolder(root: string | undefined, usual: readonly string[], name: string): string | undefined {
  // The specification of these variables tells to ignore a relative one.
  if (root !== undefined && isAbsolute(root)) return join(root, "beckon", name);
  const home = homeFolder();
  return home === undefined ? undefined : join(home, ...usual, "beckon", name);
}

function homeFolder(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}
