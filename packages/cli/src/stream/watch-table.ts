import { oneLine } from "../output.ts";
import type { WatchRow, WatchView } from "./watch-state.ts";

const HEADING = ["camera", "model", "gesture", "sure", "sees", "fps", "ms", "age", "text"];
/** A camera without a result for so long is called silent, ms. */
const SILENT_AFTER_MS = 2000;
/** Of the spelled text its end is shown. */
const TEXT_WIDTH = 24;

/**
 * The table of `beckon watch`.
 *
 * @param width columns of the terminal; lines are cut there
 */
export function watchTable({ rows, drops, online, offline }: WatchView, width: number): string[] {
  const cells = [HEADING, ...rows.map(cellsOf)];
  const widths = HEADING.map((_, column) => Math.max(...cells.map((row) => [...(row[column] ?? "")].length)));
  const table = cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  const lines = [
    ...table,
    ...(rows.length === 0 ? ["no results yet: is a classifier running, and a camera?"] : []),
    "",
    `online   ${online.join(", ") || "no service"}`,
    ...(offline.length > 0 ? [`offline  ${offline.join(", ")}`] : []),
    ...drops.map((drop) => `dropped  ${drop}`),
  ];
  return lines.map((line) => [...oneLine(line)].slice(0, width).join("").trimEnd());
}

function cellsOf({ camera, model, gesture, confidence, label, fps, latency, age, text }: WatchRow): string[] {
  return [
    camera,
    model,
    gesture ?? "-",
    `${Math.round(confidence * 100)} %`,
    label,
    fps.toFixed(1),
    latency.toFixed(1),
    age > SILENT_AFTER_MS ? `silent for ${Math.round(age / 1000)} s` : `${Math.round(age)} ms`,
    [...text].slice(-TEXT_WIDTH).join(""),
  ];
}
