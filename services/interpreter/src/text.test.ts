import { describe, expect, it } from "vitest";
import { MAX_TEXT, NOTHING_SPELLED, spell, type TextInput, type TextRules } from "./text.ts";

const RULES: TextRules = { space: 1500, timeout: 10_000, spaceGesture: "space", deleteGesture: "del" };

/** `H`, `space`: gestures, half a second apart; `rest:1600` and `wait:9000`: ms. @returns the texts, and what came last */
function texts(script: string): [string, string][] {
  let spelling = NOTHING_SPELLED;
  let now = 0;
  return script.split(" ").flatMap((word) => {
    const [what = "", ms] = word.split(":");
    now += Number(ms ?? 500);
    const { spelling: next, output } = spell(spelling, inputOf(what, Number(ms), now), RULES);
    spelling = next;
    return output ? [[output.text, output.last] as [string, string]] : [];
  });
}

function inputOf(what: string, ms: number, now: number): TextInput {
  const stamp = { at: now, boot: "mg2k1x0z-a9f3", seq: 7 };
  if (what === "rest") return { type: "rest", ms, stamp };
  return what === "wait" ? { type: "tick", now } : { type: "gesture", gesture: what, stamp, now };
}

describe("spelling", () => {
  it.each<[string, string, [string, string]]>([
    ["reads a word with a double letter", "H E L rest:700 L O", ["HELLO", "O"]],
    ["takes a long rest for a space", "H I rest:1600", ["HI ", " "]],
    ["takes one rest for one space, however long", "H I rest:1600 rest:3000 rest:9000 Y", ["HI Y", "Y"]],
    ["begins no text with a space", "rest:5000 space H", ["H", "H"]],
    ["takes the gestures for space and delete", "H I space X del Y", ["HI Y", "Y"]],
    ["takes back the last letter", "H I del", ["H", "del"]],
    ["takes nothing back from nothing", "del H", ["H", "H"]],
    ["is finished without a letter for long", "H I wait:10000", ["", ""]],
    ["begins a new text after that", "H I wait:10000 Y", ["Y", "Y"]],
    ["is not put off by a gesture that is no letter", "H wait:9000 wave wait:600", ["", ""]],
    ["goes on before the timeout", "H wait:9000 I wait:9000 Y", ["HIY", "Y"]],
    ["leaves out gestures that are words", "H wave I", ["HI", "I"]],
    ["takes a digit, and a letter beyond the BMP, for one character", "5 𝒜 del", ["5", "del"]],
  ])("%s", (_, script, expected) => {
    expect(texts(script).at(-1)).toEqual(expected);
  });

  it("publishes nothing where nothing changed", () => {
    expect(texts("rest:2000 wait:20000 del space wave H rest:1499 wait:100")).toEqual([["H", "H"]]);
  });

  it("stamps a text with the frame that decided it, and a finished one with none", () => {
    const { spelling, output } = spell(NOTHING_SPELLED, inputOf("H", 0, 5), RULES);
    expect(output).toEqual({ text: "H", last: "H", at: 5, boot: "mg2k1x0z-a9f3", seq: 7 });
    expect(spell(spelling, { type: "tick", now: 10_005 }, RULES).output).toEqual({ text: "", last: "", at: 10_005 });
  });

  it("forgets the beginning of a text without end", () => {
    const [last] = texts(
      Array.from({ length: MAX_TEXT + 10 }, (_, index) => (index === 3 ? "B" : "A")).join(" "),
    ).slice(-1);
    expect(last?.[0]).toBe("A".repeat(MAX_TEXT));
  });
});
