import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Codec, MAX_JSON_BYTES, MAX_JSON_DEPTH } from "./codec.ts";
import { ProtocolError } from "./protocol-error.ts";
import { payloads } from "./testing/arbitraries.ts";
import { createTopics, FAMILIES, type FamilyName } from "./topics.ts";

const topics = createTopics();
const codecOf = (family: FamilyName): Codec<unknown> => topics[family].codec as Codec<unknown>;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** @returns why the bytes were refused; undefined when they were accepted. Whatever else is thrown fails the test. */
function refusal(codec: Codec<unknown>, payload: Uint8Array): ProtocolError | undefined {
  try {
    codec.decode(payload);
    return undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

const JSON_FAMILIES = Object.keys(payloads) as (keyof typeof payloads)[];

describe.each(JSON_FAMILIES)("the codec of %s", (family) => {
  const codec = codecOf(family);

  it("decodes what it encodes", () => {
    fc.assert(
      fc.property(payloads[family], (value) => {
        expect(codec.decode(codec.encode(value))).toStrictEqual(value);
      }),
    );
  });

  it("throws nothing but a ProtocolError at any JSON", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        refusal(codec, bytes(text));
      }),
    );
  });

  it("throws nothing but a ProtocolError at a payload with a piece put elsewhere, changed or cut off", () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc
        .constantFrom(
          "NaN",
          "1e999",
          "-1e999",
          '"\\ud800"',
          "\ufeff",
          '"__proto__":{"x":1},',
          "null",
          "{",
          "]",
          "-0",
          '""',
        )
        .map(bytes),
    );
    const mutated = fc
      .tuple(payloads[family], piece, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(8), fc.boolean())
      .map(([value, inserted, where, removed, cut]) => {
        const whole = codec.encode(value);
        const at = Math.floor(where * whole.length);
        return Uint8Array.from([...whole.subarray(0, at), ...inserted, ...(cut ? [] : whole.subarray(at + removed))]);
      });
    fc.assert(
      fc.property(mutated, (payload) => {
        refusal(codec, payload);
      }),
    );
  });

  it("ignores a field that it does not know", () => {
    if (family === "serviceSet" || family === "serviceConfig") return;
    fc.assert(
      fc.property(payloads[family], (value) => {
        const newer = { ...(value as object), "a-later-version": [{ nested: 1 }] };
        expect(codec.decode(codec.encode(newer))).toStrictEqual(value);
      }),
      { numRuns: 20 },
    );
  });
});

describe.each(FAMILIES)("the codec of %s, at bytes from nowhere,", (family) => {
  it("throws nothing but a ProtocolError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (payload) => {
        // Two of them may happen to be `{}`, which some codecs accept.
        expect(refusal(codecOf(family), payload)?.reason ?? "accepted").toMatch(/^(bad-(json|shape|image)|accepted)$/);
      }),
    );
  });

  it.each([
    ["nothing at all", ""],
    ["a megabyte of nesting", "[".repeat(1_000_000)],
    ["nesting that fits", "[".repeat(60_000)],
    ["closed nesting that fits", `${"[".repeat(30_000)}${"]".repeat(30_000)}`],
    ["nested objects", `${'{"a":'.repeat(8000)}1${"}".repeat(8000)}`],
    ["NaN", "NaN"],
    ["a lone surrogate", '"\\ud800"'],
    ["a number", "17"],
    ["a list", "[]"],
    ["null", "null"],
  ])("refuses %s", (_, text) => {
    expect(refusal(codecOf(family), bytes(text))).toBeInstanceOf(ProtocolError);
  });
});

const result = {
  camera: "desk",
  model: "letters",
  version: "1.0.0",
  seq: 17,
  boot: "mg2k1x0z-a9f3",
  at: 1763632801234.5,
  label: "A",
  confidence: 0.97,
  top: [{ label: "A", confidence: 0.97 }],
  engine: "onnx-cpu",
  ms: { receive: 1.1, queue: 0.2, decode: 0.6, infer: 0.4, total: 2.4 },
};

describe("JSON payloads", () => {
  const codec = codecOf("result");
  const changed = (text: string, into: string): ProtocolError | undefined =>
    refusal(codec, bytes(JSON.stringify(result).replace(text, into)));

  it.each([
    ["a confidence that JSON calls infinite", "0.97,", "1e999,", "confidence: "],
    ["a confidence of null, which NaN becomes", '"confidence":0.97,', '"confidence":null,', "confidence: "],
    ["a confidence above 1", "0.97,", "1.01,", "confidence: "],
    ["a negative sequence number", "17", "-1", "seq: "],
    ["a sequence number beyond what counts exactly", "17", "9007199254740993", "seq: "],
    ["half a sequence number", "17", "17.5", "seq: "],
    ["a reserved word as camera", "desk", "relay", "camera: "],
    ["a path as camera", "desk", "../desk", "camera: "],
    ["an escape sequence as label", '"label":"A"', '"label":"\\u001b[2J"', "label: "],
    ["half a character as label", '"label":"A"', '"label":"\\ud800"', "label: "],
    ["a boot that is none", "mg2k1x0z-a9f3", "now", "boot: "],
    ["a stage without a name", "receive", "", "ms"],
  ])("refuses %s and says where it is", (_, text, into, place) => {
    const error = changed(text, into);
    expect(error?.reason).toBe("bad-shape");
    expect(error?.message).toContain(place);
  });

  it("accepts the example of the documentation", () => {
    expect(codec.decode(bytes(JSON.stringify(result)))).toEqual(result);
  });

  it("accepts a byte order mark", () => {
    expect(codec.decode(bytes(`\ufeff${JSON.stringify(result)}`))).toEqual(result);
  });

  it("goes on after bytes that are no UTF-8", () => {
    expect(refusal(codec, Uint8Array.of(0x22, 0xe2, 0x82))?.reason).toBe("bad-json");
    expect(codec.decode(bytes(JSON.stringify(result)))).toEqual(result);
  });

  it("refuses one byte too many before it reads the first", () => {
    const padded = (size: number): Uint8Array => bytes(JSON.stringify(result).padEnd(size, " "));
    expect(refusal(codec, padded(MAX_JSON_BYTES))).toBeUndefined();
    expect(refusal(codec, padded(MAX_JSON_BYTES + 1))?.reason).toBe("too-large");
  });

  it("counts the depth of brackets, and not of those in strings", () => {
    const nested = (depth: number): Uint8Array => bytes(`{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`);
    expect(refusal(codecOf("serviceSet"), nested(MAX_JSON_DEPTH))).toBeUndefined();
    expect(refusal(codecOf("serviceSet"), nested(MAX_JSON_DEPTH + 1))?.reason).toBe("bad-json");
    const quoted = { note: `\\"${"[{".repeat(200)}` };
    expect(codecOf("serviceSet").decode(bytes(JSON.stringify(quoted)))).toEqual(quoted);
  });

  it("quotes a stranger's words neither at length nor with what moves a cursor", () => {
    const stage = `\u001b[2J${"x".repeat(10_000)}`;
    const message = changed('"receive"', JSON.stringify(stage))?.message ?? "";
    expect(message).toMatch(/^\P{C}+$/u);
    expect(message.length).toBeLessThanOrEqual(200);
  });

  it("lets no payload reach a prototype", () => {
    const stages = codec.decode(bytes(JSON.stringify(result).replace("receive", "__proto__"))) as typeof result;
    expect(Object.getPrototypeOf(stages.ms)).toBe(Object.prototype);
    const decoded = codecOf("serviceSet").decode(bytes('{"__proto__":{"fps":99},"deep":{"__proto__":{"fps":99}}}'));
    expect(decoded).toEqual({ deep: {} });
    expect((decoded as { fps?: unknown; deep: { fps?: unknown } }).fps).toBeUndefined();
    expect((decoded as { deep: { fps?: unknown } }).deep.fps).toBeUndefined();
  });

  it("cleans the words that come with an event, for the event counts more than they do", () => {
    const event = {
      refused: "driver",
      at: 1,
      cause: { by: "driver", detail: `line 1\nline 2\u001b[0m${"x".repeat(500)}` },
    };
    const decoded = codecOf("relayEvent").decode(codecOf("relayEvent").encode(event)) as typeof event;
    expect(decoded.cause.detail).toMatch(/^line 1 line 2 \[0mx+$/);
    expect(decoded.cause.detail).toHaveLength(200);
  });
});

describe("a relay command", () => {
  const codec = codecOf("relaySet");

  it.each([
    ["ON", "ON"],
    ["off", "OFF"],
    [" Toggle\r\n", "TOGGLE"],
    ['{"state":"ON"}', "ON"],
  ])("may be written %j by other software", (text, state) => {
    expect(codec.decode(bytes(text))).toEqual({ state });
  });

  it.each(["", "ONN", "1", "true", "ON OFF", `${" ".repeat(60)}ON`, '{"state":"on"}', '{"state":"ON","for":0}'])(
    "is refused as %j",
    (text) => {
      expect(refusal(codec, bytes(text))).toBeInstanceOf(ProtocolError);
    },
  );
});
