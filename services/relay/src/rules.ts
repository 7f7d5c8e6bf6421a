import type { Gesture, SpelledText } from "@beckon/protocol";
import type { Rule } from "./config.ts";

/** The model whose letters make words, unless a rule names another. */
export const SPELLING_MODEL = "letters";
const PULSE_MS = 500;

/** @returns the first rule of them that this gesture meets */
export function ruleForGesture(
  rules: readonly Rule[],
  { camera, model, gesture }: Pick<Gesture, "camera" | "model" | "gesture">,
): Rule | undefined {
  return rules.find(
    ({ when }) =>
      when.gesture === gesture &&
      (when.camera === undefined || when.camera === camera) &&
      (when.model === undefined || when.model === model),
  );
}

/** @returns the first rule of them whose word has just been ended by a rest */
export function ruleForText(rules: readonly Rule[], camera: string, text: SpelledText): Rule | undefined {
  const word = endedWord(text);
  if (word === undefined) return undefined;
  return rules.find(({ when }) => when.word === word && (when.camera === undefined || when.camera === camera));
}

/** Ms that the rule keeps the relay on; undefined for no end. */
export function onTime(rule: Rule): number | undefined {
  return rule.for ?? (rule.do === "pulse" ? PULSE_MS : undefined);
}

/** The word before the space that came last: as long as letters may follow, ON may become ONE. */
function endedWord({ text, last }: SpelledText): string | undefined {
  return last === " " ? text.trimEnd().split(" ").at(-1)?.toUpperCase() : undefined;
}
