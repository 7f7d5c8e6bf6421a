import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RESERVED_NAMES, SERVICE_KINDS } from "./names.ts";
import { ProtocolError } from "./protocol-error.ts";
import { aName } from "./testing/arbitraries.ts";
import { matches } from "./testing/mqtt-matcher.ts";
import { createTopics, FAMILIES, type TopicFamily } from "./topics.ts";

const family = (name: (typeof FAMILIES)[number], prefix?: string): TopicFamily<unknown, string> =>
  createTopics(prefix)[name] as unknown as TopicFamily<unknown, string>;
const aFamily = fc.constantFrom(...FAMILIES);
const slotsOf = (pattern: string): string[] => [...pattern.matchAll(/<([a-z]+)>/g)].map(([, slot]) => slot ?? "");
const aKind = fc.oneof(aName, fc.constantFrom(...SERVICE_KINDS));
const names = fc.record({ camera: aName, model: aName, relay: aName, kind: aKind, id: aName });
type Names = { readonly [slot: string]: string };
/** Few names, so that what is chosen and what arrives often meet. */
const fewNames = fc.constantFrom("desk", "door", "7", "letters", "relay-1");
const choice = fc.option(fc.oneof(fewNames, fc.array(fewNames, { maxLength: 3 })), { nil: undefined });
const choices = fc.record({ camera: choice, model: choice, relay: choice, kind: choice, id: choice });
/** Paths that are almost ours. */
const aPath = fc
  .array(
    fc.oneof(
      fewNames,
      fc.constantFrom(...RESERVED_NAMES, "beckon", "", "Desk", "$SYS", "desk\n", "__proto__", "a".repeat(33)),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .chain((levels) => fc.constantFrom(levels.join("/"), ["beckon", ...levels].join("/")));

describe("a topic", () => {
  it("matches its own path and gives back its names", () => {
    fc.assert(
      fc.property(aFamily, names, (name, chosen: Names) => {
        const topic = family(name)(chosen);
        const slots = slotsOf(family(name).pattern);
        expect(topic.filters).toEqual([topic.path]);
        expect(topic.match(topic.path)).toEqual(Object.fromEntries(slots.map((slot) => [slot, chosen[slot]])));
      }),
    );
  });

  it("gives back the names of each path, however many came before and however often", () => {
    const filter = createTopics().frame.matching();
    const cameras = Array.from({ length: 600 }, (_, index) => `camera-${index}`);
    for (const camera of [...cameras, ...cameras.toReversed(), "desk", "desk"]) {
      expect(filter.match(`beckon/${camera}/frame`)).toEqual({ camera });
      expect(filter.match(`beckon/${camera}/result`)).toBeUndefined();
    }
  });

  it("is that of its names, however many were made before and however often", () => {
    const { result } = createTopics();
    const cameras = Array.from({ length: 600 }, (_, index) => `camera-${index}`);
    for (const camera of [...cameras, ...cameras.toReversed(), "desk", "desk"]) {
      expect(result({ camera, model: "hand" }).path).toBe(`beckon/${camera}/result/hand`);
      expect(() => result({ camera: `${camera}/result`, model: "hand" })).toThrow(ProtocolError);
      expect(() => result({ camera, model: "" })).toThrow(ProtocolError);
    }
  });

  it("belongs to one family only", () => {
    fc.assert(
      fc.property(aFamily, names, (name, chosen: Names) => {
        const { path } = family(name)(chosen);
        expect(FAMILIES.filter((other) => family(other).matching().match(path))).toEqual([name]);
      }),
    );
  });

  it.each([...RESERVED_NAMES, "", "+", "#", "a/b", "A", "-a", "a".repeat(33), "ä", "a\n", "$a", "__proto__"])(
    "refuses %j as a name",
    (name) => {
      for (const make of [
        () => createTopics().frame({ camera: name }),
        () => createTopics().frame.matching({ camera: [name] }),
        () => createTopics().frame.matching({}, name),
      ])
        expect(make).toThrow(expect.objectContaining({ name: "ProtocolError", reason: "bad-topic" }));
      expect(createTopics().frame.matching().match(`beckon/${name}/frame`)).toBeUndefined();
    },
  );
});

describe("a topic of a service", () => {
  it.each(SERVICE_KINDS)("may be of a %s", (kind) => {
    const topic = createTopics().status({ kind, id: "pi" });
    expect(topic.path).toBe(`beckon/service/${kind}/pi/status`);
    expect(createTopics().status.matching().match(topic.path)).toEqual({ kind, id: "pi" });
    expect(createTopics().status.matching({ kind }).match(topic.path)).toEqual({ kind, id: "pi" });
  });
});

describe("a choice of topics", () => {
  it("matches what a broker would send for its filters, and of that what has names for names", () => {
    fc.assert(
      fc.property(aFamily, choices, aPath, (name, chosen, path) => {
        const filter = family(name).matching(chosen as never);
        const sent = filter.filters.some((one) => matches(one, path));
        const found = filter.match(path);
        const form = family(name).pattern.split("/");
        const levels = path.split("/");
        const named = form.every((level, index) => !level.startsWith("<") || isName(level, levels[index] ?? ""));
        expect(found !== undefined).toBe(sent && named);
      }),
      { numRuns: 2000 },
    );
  });

  it("matches the paths that it is meant for", () => {
    fc.assert(
      fc.property(aFamily, choices, names, (name, chosen, given: Names) => {
        const picked = Object.fromEntries(
          Object.entries(given).map(([slot, any]) => {
            const wanted = (chosen as Record<string, string | readonly string[] | undefined>)[slot];
            return [slot, (typeof wanted === "string" ? wanted : wanted?.[0]) ?? any];
          }),
        );
        expect(
          family(name)
            .matching(chosen as never)
            .match(family(name)(picked).path),
        ).toBeDefined();
      }),
    );
  });

  it("is every combination of the names, each once", () => {
    const { filters } = createTopics().result.matching({
      camera: ["desk", "door", "desk"],
      model: ["letters", "hand"],
    });
    expect(filters).toEqual([
      "beckon/desk/result/letters",
      "beckon/desk/result/hand",
      "beckon/door/result/letters",
      "beckon/door/result/hand",
    ]);
  });

  it("of a group is a shared subscription, and matches the paths without it", () => {
    const filter = createTopics().frame.matching({}, "pool");
    expect(filter.filters).toEqual(["$share/pool/beckon/+/frame"]);
    expect(filter.match("beckon/desk/frame")).toEqual({ camera: "desk" });
  });
});

describe("a prefix", () => {
  it.each(["home/beckon", "b", "Küche/1", "<camera>", "<a>/frame"])("may be %j", (prefix) => {
    const topic = createTopics(prefix).result({ camera: "desk", model: "letters" });
    expect(topic.path).toBe(`${prefix}/desk/result/letters`);
    expect(topic.match(topic.path)).toEqual({ camera: "desk", model: "letters" });
    expect(topic.match("beckon/desk/result/letters")).toBeUndefined();
  });

  it.each(["", "+", "#", "a/#", "$share/a", "a$", "/a", "a/", "a//b", "a b", "a\0", "a\u202e", "a".repeat(129)])(
    "may not be %j",
    (prefix) => {
      expect(() => createTopics(prefix)).toThrow(ProtocolError);
    },
  );
});

describe("retained topics", () => {
  it("are those that tell how things are, and never a gesture, a command or an event", () => {
    expect(FAMILIES.filter((name) => family(name).retain)).toEqual(["state", "relayState", "status", "serviceConfig"]);
  });
});

function isName(slot: string, level: string): boolean {
  const reserved = RESERVED_NAMES.includes(level) && !(slot === "<kind>" && level === "relay");
  return /^[a-z0-9][a-z0-9-]{0,31}$/.test(level) && !reserved;
}
