/**
 * Makes any text safe inside an element or a quoted attribute of HTML and SVG: class names are folder
 * names, and a folder may be called anything. Characters that XML forbids become U+FFFD.
 */
export function escapeMarkup(text: string): string {
  return text
    .replace(/[^\P{Cc}\t\n\r]|\p{Surrogate}|[\ufffe\uffff]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** At most `limit` characters, with an ellipsis for the rest. */
export function shorten(text: string, limit: number): string {
  const characters = [...text];
  return characters.length <= limit ? text : `${characters.slice(0, limit - 1).join("")}…`;
}

/** A number for a coordinate: two decimals are a hundredth of a pixel. */
export function coordinate(value: number): string {
  return String(Math.round(value * 100) / 100);
}

export interface SvgPicture {
  /** Unique in its page: the title and description are found by it. */
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly title: string;
  /** What the picture shows, for those who cannot see it. */
  readonly description: string;
  /** Markup, already escaped. */
  readonly body: string;
}

/**
 * A whole SVG document that may also stand inside a page. Its parts carry light colours as attributes, for
 * viewers that know no style sheet, and class names by which the page colours them light or dark.
 */
export function svgPicture({ id, width, height, title, description, body }: SvgPicture): string {
  const size = `width="${coordinate(width)}" height="${coordinate(height)}" viewBox="0 0 ${coordinate(width)} ${coordinate(height)}"`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-labelledby="${id}-title ${id}-text" ` +
    `font-family="system-ui, 'DejaVu Sans', sans-serif">` +
    `<title id="${id}-title">${escapeMarkup(title)}</title><desc id="${id}-text">${escapeMarkup(description)}</desc>` +
    `<rect class="paper" width="100%" height="100%" fill="${COLOURS.paper.light}"/>${body}</svg>`
  );
}

export interface SvgText {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly size?: number;
  readonly anchor?: "start" | "middle" | "end";
  readonly colour?: Colour;
  /** Degrees clockwise around its point. */
  readonly turn?: number;
}

export function svgText({ x, y, text, size = 13, anchor = "start", colour = "muted", turn }: SvgText): string {
  const turned = turn === undefined ? "" : ` transform="rotate(${turn} ${coordinate(x)} ${coordinate(y)})"`;
  return (
    `<text x="${coordinate(x)}" y="${coordinate(y)}" font-size="${size}" text-anchor="${anchor}" ` +
    `${filled(colour)}${turned}>${escapeMarkup(text)}</text>`
  );
}

export function svgLine(x1: number, y1: number, x2: number, y2: number, style: string): string {
  return `<line x1="${coordinate(x1)}" y1="${coordinate(y1)}" x2="${coordinate(x2)}" y2="${coordinate(y2)}" ${style}/>`;
}

/** The colours of every picture and of the page. Text on paper has a contrast of at least 4.5 in both. */
export const COLOURS = {
  paper: { light: "#ffffff", dark: "#15181c" },
  panel: { light: "#f4f5f7", dark: "#1d2126" },
  ink: { light: "#1b1f24", dark: "#e8eaed" },
  muted: { light: "#59626d", dark: "#a3acb7" },
  line: { light: "#d5d9de", dark: "#363d46" },
  right: { light: "#1f66b3", dark: "#6cb0f5" },
  wrong: { light: "#b8480f", dark: "#f59a62" },
  "on-colour": { light: "#ffffff", dark: "#0d1014" },
} as const;
export type Colour = keyof typeof COLOURS;

/** Attributes of a shape filled with this colour. */
export function filled(colour: Colour): string {
  return `class="fill-${colour}" fill="${COLOURS[colour].light}"`;
}

/** Attributes of a line drawn in this colour. */
export function stroked(colour: Colour, width = 1): string {
  return `class="stroke-${colour}" stroke="${COLOURS[colour].light}" stroke-width="${width}" fill="none"`;
}
