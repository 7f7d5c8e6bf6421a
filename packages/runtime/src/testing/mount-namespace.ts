import { execFileSync } from "node:child_process";

/** Options of `unshare` for a mount namespace; who is not root needs a user namespace around it. */
export function mountNamespace(): readonly string[] {
  return process.getuid?.() === 0 ? ["-m"] : ["-Urm"];
}

/** @returns why there can be none: many containers forbid it */
export function mountNamespaceRefusal(): string | undefined {
  try {
    execFileSync("unshare", [...mountNamespace(), "sh", "-c", "mount --make-rprivate /"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "mount namespaces are not allowed here (unshare -Urm)";
  }
}
