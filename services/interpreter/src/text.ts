import type { SpelledText } from "@beckon/protocol";

/** Beyond it the beginning is forgotten, in characters. */
export const MAX_TEXT = 256;

export interface TextRules {
  /** Ms of rest that are a space. */
  readonly space: number;
  /** Ms without a letter after which the text is finished. */
  readonly timeout: number;
  readonly spaceGesture: string;
  readonly deleteGesture: string;
}

/** Which frame decided. */
type Stamp = Pick<SpelledText, "at" | "boot" | "seq">;

/** What happens to a text. `now` is by this process's clock. */
export type TextInput =
  | { readonly type: "gesture"; readonly gesture: string; readonly stamp: Stamp; readonly now: number }
  | { readonly type: "rest"; readonly ms: number; readonly stamp: Stamp }
  | { readonly type: "tick"; readonly now: number };

/** What one camera's hand has spelled. */
export interface Spelling {
  readonly text: string;
  /** When the last letter came. */
  readonly letterAt: number;
}

export interface TextStep {
  readonly spelling: Spelling;
  /** What is to be published, if anything changed. */
  readonly output?: SpelledText;
}

export const NOTHING_SPELLED: Spelling = { text: "", letterAt: Number.NEGATIVE_INFINITY };

/**
 * One step from gestures to text, a pure function. A gesture of one character is a letter when it starts, so a double
 * letter takes a short rest (the gesture ends, and starts again); a long rest is a space.
 */
export function spell(spelling: Spelling, input: TextInput, rules: TextRules): TextStep {
  switch (input.type) {
    case "tick":
      return finish(spelling, input.now, rules);
    case "rest":
      return input.ms >= rules.space ? space(spelling, input.stamp) : { spelling };
    case "gesture":
      return keepAwake(write(spelling, input, rules), input.now);
  }
}

/** Only what was written puts the timeout off: a gesture that is no letter does not. */
function keepAwake({ spelling, output }: TextStep, now: number): TextStep {
  return output ? { spelling: { ...spelling, letterAt: now }, output } : { spelling };
}

function finish(spelling: Spelling, now: number, { timeout }: TextRules): TextStep {
  if (spelling.text === "" || now - spelling.letterAt < timeout) return { spelling };
  return { spelling: NOTHING_SPELLED, output: { text: "", last: "", at: now } };
}

/** One space is enough, and none begins a text. */
function space(spelling: Spelling, stamp: Stamp): TextStep {
  if (spelling.text === "" || spelling.text.endsWith(" ")) return { spelling };
  return append(spelling, " ", stamp);
}

function write(
  spelling: Spelling,
  { gesture, stamp }: { readonly gesture: string; readonly stamp: Stamp },
  { spaceGesture, deleteGesture }: TextRules,
): TextStep {
  if (gesture === spaceGesture) return space(spelling, stamp);
  if (gesture === deleteGesture) return takeBack(spelling, stamp);
  // Words that a user taught beside the letters are gestures, not text.
  return [...gesture].length === 1 ? append(spelling, gesture, stamp) : { spelling };
}

function takeBack(spelling: Spelling, stamp: Stamp): TextStep {
  if (spelling.text === "") return { spelling };
  const text = [...spelling.text].slice(0, -1).join("");
  return { spelling: { ...spelling, text }, output: { text, last: "del", ...stamp } };
}

function append(spelling: Spelling, last: string, stamp: Stamp): TextStep {
  const text = [...spelling.text, last].slice(-MAX_TEXT).join("").trimStart();
  return { spelling: { ...spelling, text }, output: { text, last, ...stamp } };
}
