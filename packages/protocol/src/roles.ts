/** Who a user of the broker may be. */
export const ROLES = ["camera", "service", "viewer", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** A role, and for a camera which ones it may publish. */
export interface Grant {
  readonly role: Role;
  /** Only these; left out, or for other roles, any. */
  readonly cameras?: readonly string[];
}
