import { percent } from "../evaluation/format-evaluation.ts";
import { coordinate, escapeMarkup, filled, shorten, stroked, svgPicture, svgText } from "./markup.ts";

const LABEL_LIMIT = 14;
/** Below this size a cell has no room for a number, nor a row for its name. */
const READABLE_CELL = 14;
const LABEL_SIZE = 12;

/**
 * The confusion matrix as an SVG document: a row for each true class, a column for each answer. A cell is
 * the darker the larger its share of the row; on the diagonal in the colour of right, elsewhere of wrong.
 * The shade follows the square root of the share, or one mistake in fifty could not be seen.
 */
export function confusionSvg(labels: readonly string[], matrix: readonly (readonly number[])[]): string {
  const cell = cellSize(labels.length);
  const names = labels.map((label) => shorten(label, LABEL_LIMIT));
  const longest = Math.max(1, ...names.map((name) => [...name].length));
  const margin = { left: 34 + longest * 7.4, top: 38 + (longest > 2 ? longest * 7.4 : 14) };
  const side = cell * labels.length;
  const body = [
    `<rect x="${coordinate(margin.left)}" y="${coordinate(margin.top)}" width="${side}" height="${side}" ${filled("panel")}/>`,
    ...(cell < READABLE_CELL ? [] : axisLabels(names, cell, margin)),
    ...matrix.map((row, truth) => rowCells(row, truth, { labels, cell, margin })),
    `<rect x="${coordinate(margin.left)}" y="${coordinate(margin.top)}" width="${side}" height="${side}" ${stroked("line")}/>`,
    svgText({ x: margin.left + side / 2, y: 16, text: "answer", anchor: "middle", colour: "ink" }),
    svgText({ x: 16, y: margin.top + side / 2, text: "truth", anchor: "middle", colour: "ink", turn: -90 }),
  ].join("");
  return svgPicture({
    id: "confusion-matrix",
    width: margin.left + side + 10,
    height: margin.top + side + 10,
    title: "Confusion matrix",
    description: `${labels.length} classes; rows are the truth, columns the answers, numbers are pictures.`,
    body,
  });
}

function cellSize(classes: number): number {
  if (classes <= 8) return 52;
  if (classes <= 40) return 26;
  return classes <= 100 ? READABLE_CELL : 5;
}

interface Margin {
  readonly left: number;
  readonly top: number;
}

function axisLabels(names: readonly string[], cell: number, margin: Margin): string[] {
  return names.flatMap((text, i) => {
    const centre = (i + 0.5) * cell;
    const x = margin.left + centre;
    const size = Math.min(LABEL_SIZE, cell - 3);
    return [
      svgText({ x: margin.left - 7, y: margin.top + centre + 4.5, text, size, anchor: "end", colour: "ink" }),
      text.length > 2
        ? svgText({ x: x + 4.5, y: margin.top - 7, text, size, colour: "ink", turn: -90 })
        : svgText({ x, y: margin.top - 8, text, size, anchor: "middle", colour: "ink" }),
    ];
  });
}

function rowCells(
  row: readonly number[],
  truth: number,
  { labels, cell, margin }: { readonly labels: readonly string[]; readonly cell: number; readonly margin: Margin },
): string {
  const pictures = row.reduce((sum, count) => sum + count, 0);
  return row
    .map((count, answer) => {
      if (count === 0) return "";
      const share = count / pictures;
      const shade = Math.sqrt(share);
      const x = margin.left + answer * cell;
      const y = margin.top + truth * cell;
      const said = `${labels[truth]}: ${count} of ${pictures} answered ${labels[answer]} (${percent(share)})`;
      const place = `x="${coordinate(x + 0.5)}" y="${coordinate(y + 0.5)}" width="${cell - 1}" height="${cell - 1}"`;
      const square = `<rect ${place} ${filled(truth === answer ? "right" : "wrong")} fill-opacity="${coordinate(shade)}"/>`;
      return `<g><title>${escapeMarkup(said)}</title>${square}${cellNumber(count, x, y, cell, shade)}</g>`;
    })
    .join("");
}

function cellNumber(count: number, x: number, y: number, cell: number, shade: number): string {
  const text = String(count);
  const size = Math.min(cell >= 50 ? 14 : 11, (cell - 3) / (text.length * 0.58));
  if (cell <= READABLE_CELL || size < 6) return "";
  const colour = shade > 0.6 ? "on-colour" : "ink";
  const rounded = Math.floor(size * 10) / 10;
  return svgText({ x: x + cell / 2, y: y + cell / 2 + rounded * 0.36, text, size: rounded, anchor: "middle", colour });
}
