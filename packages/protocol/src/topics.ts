import type { Codec } from "./codec.ts";
import { jsonCodec } from "./codec.ts";
import type { Frame } from "./envelope.ts";
import { frameCodec } from "./frame-codec.ts";
import { Name, Prefix } from "./names.ts";
import {
  Gesture,
  GestureState,
  type RelayCommand,
  RelayEvent,
  RelayState,
  Result,
  ServiceStats,
  ServiceStatus,
  Settings,
  SpelledText,
} from "./payloads.ts";
import { ProtocolError } from "./protocol-error.ts";
import { relayCommandCodec } from "./relay-command-codec.ts";

export type Qos = 0 | 1;

/** What to subscribe to. */
export interface TopicFilter<T, N extends string = string> {
  /** As they are sent to the broker, with `+` and perhaps `$share/<group>/`. */
  readonly filters: readonly string[];
  readonly qos: Qos;
  readonly codec: Codec<T>;
  /** @returns the names in a path that one of the filters matches; undefined for another path or a name that is none */
  match(path: string): Readonly<Record<N, string>> | undefined;
}

/** One place to publish to (and to subscribe to). */
export interface Topic<T, N extends string = string> extends TopicFilter<T, N> {
  readonly path: string;
  readonly retain: boolean;
}

/** All topics of one form, such as `<camera>/result/<model>`. */
export interface TopicFamily<T, N extends string> {
  /** @throws {ProtocolError} `bad-topic` on a name that is none */
  (names: Readonly<Record<N, string>>): Topic<T, N>;
  /**
   * Many of them: for each name one, some, or (left out, or an empty list) any.
   *
   * @param group of a shared subscription: the broker deals each message to one member
   */
  matching(names?: NameChoice<N>, group?: string): TopicFilter<T, N>;
  /** With the prefix, as in DESIGN: `beckon/<camera>/result/<model>`. */
  readonly pattern: string;
  readonly qos: Qos;
  readonly retain: boolean;
}

export type NameChoice<N extends string> = { readonly [name in N]?: string | readonly string[] };

export type Topics = ReturnType<typeof createTopics>;

/** The name of a family of topics in `Topics`. */
export type FamilyName = Exclude<keyof Topics, "prefix">;

/** All of them, in the order of the table in the README. */
export const FAMILIES = Object.keys(createTopics()).filter((key) => key !== "prefix") as readonly FamilyName[];

/** Every topic there is, as typed values that know how their payload is written, their QoS and whether they stay. */
export function createTopics(prefix = "beckon") {
  if (!Prefix.safeParse(prefix).success) throw new ProtocolError("bad-topic", `"${prefix}" is no topic prefix`);
  const family = <T, N extends string>(form: string, codec: Codec<T>, qos: Qos, retain: boolean) =>
    topicFamily<T, N>(`${prefix}/${form}`, codec, qos, retain);
  return {
    prefix,
    frame: family<Frame, "camera">("<camera>/frame", frameCodec, 0, false),
    snapshot: family<Frame, "camera">("<camera>/snapshot", frameCodec, 0, false),
    result: family<Result, "camera" | "model">("<camera>/result/<model>", jsonCodec(Result), 0, false),
    gesture: family<Gesture, "camera" | "model">("<camera>/gesture/<model>", jsonCodec(Gesture), 1, false),
    state: family<GestureState, "camera" | "model">("<camera>/state/<model>", jsonCodec(GestureState), 1, true),
    text: family<SpelledText, "camera">("<camera>/text", jsonCodec(SpelledText), 1, false),
    relaySet: family<RelayCommand, "relay">("relay/<relay>/set", relayCommandCodec, 1, false),
    relayState: family<RelayState, "relay">("relay/<relay>/state", jsonCodec(RelayState), 1, true),
    relayEvent: family<RelayEvent, "relay">("relay/<relay>/event", jsonCodec(RelayEvent), 1, false),
    status: family<ServiceStatus, "kind" | "id">("service/<kind>/<id>/status", jsonCodec(ServiceStatus), 1, true),
    stats: family<ServiceStats, "kind" | "id">("service/<kind>/<id>/stats", jsonCodec(ServiceStats), 0, false),
    serviceSet: family<Settings, "kind" | "id">("service/<kind>/<id>/set", jsonCodec(Settings), 1, false),
    serviceConfig: family<Settings, "kind" | "id">("service/<kind>/<id>/config", jsonCodec(Settings), 1, true),
  };
}

function topicFamily<T, N extends string>(
  pattern: string,
  codec: Codec<T>,
  qos: Qos,
  retain: boolean,
): TopicFamily<T, N> {
  const levels = pattern.split("/");
  const matching = (names: NameChoice<N> = {}, group?: string): TopicFilter<T, N> => {
    const choices = new Map(Object.entries<string | readonly string[] | undefined>(names));
    const allowed = levels.map((level) =>
      isSlot(level) ? chosenNames(choices.get(slotName(level)), pattern) : [level],
    );
    const share = group === undefined ? "" : `$share/${checkedName(group, pattern)}/`;
    return {
      filters: combinations(allowed).map((path) => share + path.join("/")),
      qos,
      codec,
      match: (path) => matchLevels<N>(levels, allowed, path.split("/")),
    };
  };
  const exact = (names: Readonly<Record<N, string>>): Topic<T, N> => {
    const path = levels
      .map((level) => (isSlot(level) ? checkedName(names[slotName(level) as N], pattern) : level))
      .join("/");
    return { ...matching(names), path, retain };
  };
  return Object.assign(exact, { matching, pattern, qos, retain });
}

const ANY = "+";

const isSlot = (level: string): boolean => level.startsWith("<");
const slotName = (level: string): string => level.slice(1, -1);

function chosenNames(choice: string | readonly string[] | undefined, pattern: string): readonly string[] {
  const names = typeof choice === "string" ? [choice] : (choice ?? []);
  return names.length === 0 ? [ANY] : [...new Set(names)].map((name) => checkedName(name, pattern));
}

function checkedName(name: string | undefined, pattern: string): string {
  const parsed = Name.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new ProtocolError("bad-topic", `"${name}" in ${pattern} ${parsed.error.issues[0]?.message ?? "is no name"}`);
}

function combinations(choices: readonly (readonly string[])[]): string[][] {
  return choices.reduce<string[][]>(
    (heads, tails) => heads.flatMap((head) => tails.map((tail) => [...head, tail])),
    [[]],
  );
}

function matchLevels<N extends string>(
  levels: readonly string[],
  allowed: readonly (readonly string[])[],
  found: readonly string[],
): Readonly<Record<N, string>> | undefined {
  if (found.length !== levels.length) return undefined;
  const names: Record<string, string> = {};
  for (const [index, level] of levels.entries()) {
    const name = found[index] ?? "";
    const choices = allowed[index] ?? [];
    if (isSlot(level) && choices[0] === ANY ? !Name.safeParse(name).success : !choices.includes(name)) return undefined;
    if (isSlot(level)) names[slotName(level)] = name;
  }
  return names as Record<N, string>;
}
