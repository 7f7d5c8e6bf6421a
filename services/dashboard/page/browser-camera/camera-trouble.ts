/** Why the camera does not run, or not as it should; the words are in words.ts. */
export type CameraTrouble =
  | { readonly kind: Exclude<TroubleKind, "name" | "other"> }
  | { readonly kind: "name" | "other"; readonly detail: string };

export type TroubleKind = "name" | "taken" | "insecure" | "none" | "refused" | "busy" | "ended" | "unheard" | "other";

/** Names of DOMException, as getUserMedia of the Media Capture and Streams specification gives them. */
const KINDS: Readonly<Record<string, Exclude<TroubleKind, "name" | "other">>> = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "none",
  OverconstrainedError: "none",
  NotReadableError: "busy",
  AbortError: "busy",
};

export function troubleOf(error: unknown): CameraTrouble {
  const { name, message } = error instanceof Error ? error : { name: "", message: String(error) };
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  return kind ? { kind } : { kind: "other", detail: message || name };
}
