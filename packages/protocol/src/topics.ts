import type { Codec } from "./codec.ts";
import { jsonCodec } from "./codec.ts";
import type { Frame } from "./envelope.ts";
import { frameCodec } from "./frame-codec.ts";
import { KindName, Name, Prefix } from "./names.ts";
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
  /** With the prefix: `beckon/<camera>/result/<model>`. */
  readonly pattern: string;
  readonly codec: Codec<T>;
  readonly qos: Qos;
  readonly retain: boolean;
  /** What travels there, in a few words. */
  readonly about: string;
}

export type NameChoice<N extends string> = { readonly [name in N]?: string | readonly string[] };

export type Topics = ReturnType<typeof createTopics>;

/** The name of a family of topics in `Topics`. */
export type FamilyName = Exclude<keyof Topics, "prefix">;

/** Every topic there is, as typed values that know how their payload is written, their QoS and whether they stay. */
export function createTopics(prefix = "beckon") {
  if (!Prefix.safeParse(prefix).success) throw new ProtocolError("bad-topic", `"${prefix}" is no topic prefix`);
  const family = <T, N extends string>(
    form: string,
    codec: Codec<T>,
    delivery: Pick<TopicFamily<T, N>, "qos" | "retain">,
    about: string,
  ) => topicFamily<T, N>(prefix, form, { codec, ...delivery, about });
  return {
    prefix,
    frame: family<Frame, "camera">(
      "<camera>/frame",
      frameCodec,
      { qos: 0, retain: false },
      "a picture; the envelope rides in it",
    ),
    snapshot: family<Frame, "camera">(
      "<camera>/snapshot",
      frameCodec,
      { qos: 0, retain: false },
      "a picture for people, at most 1 a second, off by default",
    ),
    result: family<Result, "camera" | "model">(
      "<camera>/result/<model>",
      jsonCodec(Result),
      { qos: 0, retain: false },
      "one per classified frame",
    ),
    gesture: family<Gesture, "camera" | "model">(
      "<camera>/gesture/<model>",
      jsonCodec(Gesture),
      { qos: 1, retain: false },
      "start and end of a steady gesture; never retained, for nobody should act on an old one",
    ),
    state: family<GestureState, "camera" | "model">(
      "<camera>/state/<model>",
      jsonCodec(GestureState),
      { qos: 1, retain: true },
      "the steady gesture now, or null; repeated every 500 ms while frames are classified",
    ),
    text: family<SpelledText, "camera">(
      "<camera>/text",
      jsonCodec(SpelledText),
      { qos: 1, retain: false },
      "the text spelled so far",
    ),
    relaySet: family<RelayCommand, "relay">(
      "relay/<relay>/set",
      relayCommandCodec,
      { qos: 1, retain: false },
      "a command; also a plain ON, OFF or TOGGLE from other software",
    ),
    relayState: family<RelayState, "relay">(
      "relay/<relay>/state",
      jsonCodec(RelayState),
      { qos: 1, retain: true },
      "the relay now",
    ),
    relayEvent: family<RelayEvent, "relay">(
      "relay/<relay>/event",
      jsonCodec(RelayEvent),
      { qos: 1, retain: false },
      "every switch and every refusal, with its cause",
    ),
    status: family<ServiceStatus, "kind" | "id">(
      "service/<kind>/<id>/status",
      jsonCodec(ServiceStatus),
      { qos: 1, retain: true },
      "online, or offline (also by last will)",
    ),
    stats: family<ServiceStats, "kind" | "id">(
      "service/<kind>/<id>/stats",
      jsonCodec(ServiceStats),
      { qos: 0, retain: false },
      "counters and latency percentiles, every 5 s",
    ),
    serviceSet: family<Settings, "kind" | "id">(
      "service/<kind>/<id>/set",
      jsonCodec(Settings),
      { qos: 1, retain: false },
      "new values for what its schema calls changeable",
    ),
    serviceConfig: family<Settings, "kind" | "id">(
      "service/<kind>/<id>/config",
      jsonCodec(Settings),
      { qos: 1, retain: true },
      "the values in force, secrets left out",
    ),
  };
}

/** All of them, in the order of the table in the README. */
export const FAMILIES = Object.keys(createTopics()).filter((key) => key !== "prefix") as readonly FamilyName[];

type FamilyFacts<T> = Pick<TopicFamily<T, string>, "codec" | "qos" | "retain" | "about">;

/** One level of a topic: a fixed word, or the place of a name. */
type Level = { readonly word: string } | { readonly slot: string };

function topicFamily<T, N extends string>(prefix: string, form: string, facts: FamilyFacts<T>): TopicFamily<T, N> {
  const { codec, qos, retain } = facts;
  const pattern = `${prefix}/${form}`;
  const levels: readonly Level[] = [
    // A prefix may be any text, also one that looks like a slot.
    ...prefix.split("/").map((word) => ({ word })),
    ...form.split("/").map((level) => (level.startsWith("<") ? { slot: level.slice(1, -1) } : { word: level })),
  ];
  const matching = (names: NameChoice<N> = {}, group?: string): TopicFilter<T, N> => {
    const choices = new Map(Object.entries<string | readonly string[] | undefined>(names));
    const allowed = levels.map((level) =>
      "slot" in level ? chosenNames(level.slot, choices.get(level.slot), pattern) : [level.word],
    );
    const share = group === undefined ? "" : `$share/${checkedName("group", group, pattern)}/`;
    return {
      filters: combinations(allowed).map((path) => share + path.join("/")),
      qos,
      codec,
      match: remembered((path) => matchLevels<N>(levels, allowed, path.split("/"))),
    };
  };
  const made = new Map<string, Topic<T, N>>();
  const exact = (names: Readonly<Record<N, string>>): Topic<T, N> => {
    // No name of another topic gives this path, for none has a slash or is empty.
    const path = levels.map((level) => ("slot" in level ? (names[level.slot as N] ?? "") : level.word)).join("/");
    const before = made.get(path);
    if (before) return before;
    for (const level of levels) if ("slot" in level) checkedName(level.slot, names[level.slot as N], pattern);
    return remember(made, path, { ...matching(names), path, retain });
  };
  return Object.assign(exact, { matching, pattern, ...facts });
}

const ANY = "+";

/** Whether a name may stand in a place of a topic: `camera`, `kind`, ... */
export function fitsSlot(slot: string, name: string): boolean {
  return slotSchema(slot).safeParse(name).success;
}

const slotSchema = (slot: string) => (slot === "kind" ? KindName : Name);

function chosenNames(slot: string, choice: string | readonly string[] | undefined, pattern: string): readonly string[] {
  const names = typeof choice === "string" ? [choice] : (choice ?? []);
  return names.length === 0 ? [ANY] : [...new Set(names)].map((name) => checkedName(slot, name, pattern));
}

function checkedName(slot: string, name: string | undefined, pattern: string): string {
  if (name !== undefined && fitsSlot(slot, name)) return name;
  const reason = Name.safeParse(name).error?.issues[0]?.message ?? "is no name";
  throw new ProtocolError("bad-topic", `"${name}" in ${pattern} ${reason}`);
}

function combinations(choices: readonly (readonly string[])[]): string[][] {
  return choices.reduce<string[][]>(
    (heads, tails) => heads.flatMap((head) => tails.map((tail) => [...head, tail])),
    [[]],
  );
}

/** Paths that are remembered at once: more than a home has cameras, relays and services. */
const REMEMBERED_PATHS = 256;

/**
 * A stream of frames or results is about the same few paths all the time, and their names need not be checked by schemas
 * each time. Only what fits is remembered, for only that is short, and all is forgotten when it is too much: strangers
 * choose paths.
 */
function remember<T extends object>(known: Map<string, T>, path: string, value: T): T {
  if (known.size >= REMEMBERED_PATHS) known.clear();
  known.set(path, Object.freeze(value));
  return value;
}

/** As `match`, and the same object again for a path that came before. */
function remembered<T extends object>(match: (path: string) => T | undefined): (path: string) => T | undefined {
  const known = new Map<string, T>();
  return (path) => {
    const before = known.get(path);
    if (before) return before;
    const names = match(path);
    return names && remember(known, path, names);
  };
}

function matchLevels<N extends string>(
  levels: readonly Level[],
  allowed: readonly (readonly string[])[],
  found: readonly string[],
): Readonly<Record<N, string>> | undefined {
  if (found.length !== levels.length) return undefined;
  const names: Record<string, string> = {};
  for (const [index, level] of levels.entries()) {
    const name = found[index] ?? "";
    const choices = allowed[index] ?? [];
    if ("slot" in level && choices[0] === ANY ? !fitsSlot(level.slot, name) : !choices.includes(name)) return undefined;
    if ("slot" in level) names[level.slot] = name;
  }
  return names as Record<N, string>;
}
