import type { ServiceKind } from "./names.ts";
import { createTopics, FAMILIES, type FamilyName, fitsSlot } from "./topics.ts";

/** Who a user of the broker may be. */
export const ROLES = ["camera", "service", "viewer", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** A role, and for a camera or an admin (whose browser is a camera) which cameras it may publish. */
export interface Grant {
  readonly role: Role;
  /** Only these, and none when empty; left out, or for other roles, any. */
  readonly cameras?: readonly string[];
}

/** One entry of the table. */
export interface Permission {
  /**
   * A family of topics; or `prefix`: whatever is under the prefix; `foreign`: whatever is outside of it, for the plugs
   * and cameras of other software; `broker`: the broker's own `$SYS`.
   */
  readonly topics: FamilyName | "prefix" | "foreign" | "broker";
  /** Only the cameras of the grant. */
  readonly own?: true;
  /** Only services of this kind. */
  readonly kind?: ServiceKind;
}

/** What each role may publish and subscribe. What is not in it is refused. */
export const ROLE_PERMISSIONS: Readonly<
  Record<Role, { publish: readonly Permission[]; subscribe: readonly Permission[] }>
> = {
  // A stolen Pi in the garden shows wrong pictures at most: it neither switches nor watches anything.
  camera: {
    publish: [
      { topics: "frame", own: true },
      { topics: "snapshot", own: true },
      { topics: "status", kind: "camera-publisher" },
      { topics: "stats", kind: "camera-publisher" },
      { topics: "serviceConfig", kind: "camera-publisher" },
    ],
    subscribe: [
      { topics: "serviceSet", kind: "camera-publisher" },
      // Its own, to notice another process under its name.
      { topics: "status", kind: "camera-publisher" },
    ],
  },
  // Under the prefix only what a service says, so that a slip of the pen is noticed; outside of it whatever its
  // configuration names: a relay's plug listens at cmnd/plug/POWER, a Frigate camera speaks at frigate/door/snapshot.
  service: {
    publish: [...FAMILIES.map((topics): Permission => ({ topics })), { topics: "foreign" }],
    subscribe: [{ topics: "prefix" }, { topics: "foreign" }],
  },
  viewer: { publish: [], subscribe: [{ topics: "prefix" }] },
  admin: {
    publish: [{ topics: "relaySet" }, { topics: "serviceSet" }, { topics: "frame", own: true }],
    subscribe: [{ topics: "prefix" }, { topics: "broker" }],
  },
};

/**
 * Whether a user may publish to a path, its last will included.
 *
 * @param path as it came from the network
 */
export function mayPublish(grant: Grant, prefix: string, path: string): boolean {
  if (!isPath(path)) return false;
  return ROLE_PERMISSIONS[grant.role].publish.some((permission) => publishes(permission, grant, prefix, path));
}

/**
 * Whether a user may subscribe to a filter: when whatever it can match is allowed, by one entry of the table. A shared
 * subscription (`$share/<group>/<filter>`) is judged by its filter; whether the broker has them is the broker's business.
 *
 * @param filter as it came from the network
 */
export function maySubscribe(grant: Grant, prefix: string, filter: string): boolean {
  const inner = withoutShare(filter);
  if (inner === undefined || !isFilter(inner)) return false;
  const { subscribe } = ROLE_PERMISSIONS[grant.role];
  const levels = inner.split("/");
  const own = covers([...prefix.split("/"), "#"], levels);
  const allowed = (name: Permission["topics"]): boolean => subscribe.some(({ topics }) => topics === name);
  // Only together do the two cover a filter that reaches across the prefix, such as `#`.
  if (allowed("foreign") && allowed("prefix") && !inner.startsWith("$")) return true;
  if (allowed("prefix") && own) return true;
  if (allowed("broker") && covers(["$SYS", "#"], levels)) return true;
  return own && subscribe.some((permission) => subscribes(permission, grant, levels.slice(prefix.split("/").length)));
}

function publishes(permission: Permission, grant: Grant, prefix: string, path: string): boolean {
  const own = path === prefix || path.startsWith(`${prefix}/`);
  switch (permission.topics) {
    case "prefix":
      return own;
    case "foreign":
      return !own && !path.startsWith("$");
    case "broker":
      return false;
    default: {
      if (!own) return false;
      const form = FORMS[permission.topics];
      const levels = path.slice(prefix.length + 1).split("/");
      return (
        levels.length === form.length &&
        form.every((level, index) => {
          const found = levels[index] ?? "";
          if (!level.startsWith("<")) return found === level;
          return fitsSlot(level.slice(1, -1), found) && (namesFor(level, permission, grant)?.includes(found) ?? true);
        })
      );
    }
  }
}

/** @param levels of the filter, after the prefix */
function subscribes(permission: Permission, grant: Grant, levels: readonly string[]): boolean {
  const { topics } = permission;
  if (topics === "prefix" || topics === "foreign" || topics === "broker") return false;
  const form = FORMS[topics];
  return (
    levels.length === form.length &&
    form.every((level, index) => {
      const found = levels[index] ?? "";
      if (found === "#") return false;
      if (!level.startsWith("<")) return found === level;
      return namesFor(level, permission, grant)?.includes(found) ?? true;
    })
  );
}

/** The names that may stand in the place of `<camera>`, `<kind>`, ...; undefined for any. */
function namesFor(slot: string, { own, kind }: Permission, { cameras }: Grant): readonly string[] | undefined {
  if (slot === "<camera>" && own) return cameras;
  return slot === "<kind>" && kind ? [kind] : undefined;
}

/** Whether a pattern matches whatever a filter matches (MQTT 3.1.1, 4.7). */
function covers(pattern: readonly string[], filter: readonly string[]): boolean {
  for (const [index, level] of pattern.entries()) {
    if (level === "#") return true;
    if (level !== filter[index]) return false;
  }
  return pattern.length === filter.length;
}

const SHARE = "$share/";

/** @returns undefined for a shared subscription without a group or a filter */
function withoutShare(filter: string): string | undefined {
  if (!filter.startsWith(SHARE)) return filter;
  const end = filter.indexOf("/", SHARE.length);
  const group = filter.slice(SHARE.length, end);
  return end <= SHARE.length || /[+#]/.test(group) ? undefined : filter.slice(end + 1);
}

/** MQTT 3.1.1, 4.7.3: at least one character, none of them U+0000; 4.7.1: no wildcard in what is published. */
function isPath(path: string): boolean {
  return path.length > 0 && !/[+#\0]/.test(path);
}

/** MQTT 3.1.1, 4.7.1: a wildcard is a whole level, and `#` the last one. */
function isFilter(filter: string): boolean {
  if (filter.length === 0 || filter.includes("\0")) return false;
  const levels = filter.split("/");
  return levels.every((level, index) => {
    if (level === "#") return index === levels.length - 1;
    return level === "+" || !/[+#]/.test(level);
  });
}

const FORMS: Readonly<Record<FamilyName, readonly string[]>> = (() => {
  const topics = createTopics();
  return Object.fromEntries(
    FAMILIES.map((name) => [name, topics[name].pattern.split("/").slice(1)]),
  ) as unknown as Record<FamilyName, readonly string[]>;
})();
