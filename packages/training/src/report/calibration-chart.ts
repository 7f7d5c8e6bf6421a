import type { Calibration } from "../evaluation/calibration.ts";
import { percent } from "../evaluation/format-evaluation.ts";
import { coordinate, escapeMarkup, filled, stroked, svgLine, svgPicture, svgText } from "./markup.ts";

const SIDE = 240;
const LEFT = 58;
const TOP = 34;
const BOTTOM = 46;

/**
 * The reliability diagram as an SVG document: a dot for each bin of confidence, as large as the bin is full
 * (area by count), at the height of its accuracy. On the diagonal the model means what it says.
 */
export function calibrationSvg({ bins, ece }: Calibration): string {
  const x = (share: number) => LEFT + share * SIDE;
  const y = (share: number) => TOP + (1 - share) * SIDE;
  const most = Math.max(1, ...bins.map((bin) => bin.count));
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const body = [
    ...ticks.map((tick) => svgLine(x(0), y(tick), x(1), y(tick), stroked("line"))),
    ...ticks.map((tick) => svgText({ x: LEFT - 7, y: y(tick) + 4.5, text: `${tick * 100} %`, anchor: "end" })),
    ...ticks.map((tick) => svgText({ x: x(tick), y: y(0) + 18, text: `${tick * 100} %`, anchor: "middle" })),
    svgLine(x(0), y(0), x(1), y(1), `${stroked("muted")} stroke-dasharray="4 4"`),
    ...bins.map((bin) => {
      const said = `Confidence ${percent(bin.confidence)}: ${percent(bin.accuracy)} of ${bin.count} right`;
      const place = `cx="${coordinate(x(bin.confidence))}" cy="${coordinate(y(bin.accuracy))}"`;
      const radius = coordinate(3 + 8 * Math.sqrt(bin.count / most));
      const gap = svgLine(
        x(bin.confidence),
        y(bin.confidence),
        x(bin.confidence),
        y(bin.accuracy),
        stroked("right", 1),
      );
      return `<g><title>${escapeMarkup(said)}</title>${gap}<circle ${place} r="${radius}" ${filled("right")} fill-opacity="0.85"/></g>`;
    }),
    svgText({ x: 8, y: 16, text: "accuracy", colour: "ink" }),
    svgText({ x: x(0.5), y: y(0) + 38, text: "confidence", anchor: "middle" }),
  ].join("");
  return svgPicture({
    id: "calibration",
    width: LEFT + SIDE + 26,
    height: TOP + SIDE + BOTTOM,
    title: "Confidence and accuracy",
    description: `Confidence and accuracy differ by ${percent(ece)} on average. Dots below the diagonal are overconfident.`,
    body,
  });
}
