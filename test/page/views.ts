/** Where the views are, and what is on them, by the page's own words. */
import * as words from "../../services/dashboard/page/words.ts";

export type ViewName = keyof typeof words.views;
export const VIEWS = Object.keys(words.views) as ViewName[];

export function viewAddress(url: string, view: ViewName): string {
  return new URL(`/#${view}`, url).href;
}

/** A name that holds numbers, whichever they are. */
export function anyNumbers(text: string): RegExp {
  return new RegExp(escaped(text).replace(/\d+/g, "[\\d.,]+"));
}

/** What a sentence with a name in it looks like, whichever the name is; it is the first group. */
export function anyText(sentence: (text: string) => string): RegExp {
  const [before = "", after = ""] = sentence("\u0000").split("\u0000").map(escaped);
  return new RegExp(`${before}(.+)${after}`);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
