import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { NewBundle } from "@beckon/vision";
import { renderSvg, saveBundle } from "@beckon/vision";
import { CheckpointError } from "./checkpoint.ts";
import { confusionCsv } from "./evaluation/confusion.ts";
import type { Evaluation } from "./evaluation/evaluation.ts";
import type { Epoch } from "./history.ts";
import { confusionSvg } from "./report/confusion-chart.ts";
import { type ReportInput, renderReport } from "./report/report.ts";

/** Where the parts of one training lie. */
export interface RunFolder {
  readonly folder: string;
  readonly best: string;
  readonly last: string;
  readonly history: string;
  readonly report: string;
}

/**
 * Opens the folder of a run.
 *
 * @throws CheckpointError when it holds a training and this one does not resume it, or there is nothing to resume
 */
export async function openRunFolder(folder: string, resume: boolean): Promise<RunFolder> {
  const run = {
    folder,
    best: join(folder, "best"),
    last: join(folder, "last.checkpoint"),
    history: join(folder, "history.csv"),
    report: join(folder, "report.html"),
  };
  const begun = existsSync(run.last);
  if (begun && !resume) {
    throw new CheckpointError(
      `${folder} holds a training already: add --resume to go on with it, or choose another --out`,
    );
  }
  if (!begun && resume) throw new CheckpointError(`${folder} holds nothing to resume: start without --resume`);
  await mkdir(folder, { recursive: true });
  // Left by a run that ended before its first checkpoint.
  if (!begun) await rm(run.history, { force: true });
  return run;
}

/** Folder name of a checkpoint that is kept: its epoch, and its validation loss to choose by. */
function epochFolder(run: RunFolder, { epoch, validationLoss }: Epoch): string {
  return join(run.folder, `epoch-${String(epoch).padStart(3, "0")}-loss-${(validationLoss ?? 0).toFixed(4)}`);
}

export async function keepEpoch(run: RunFolder, epoch: Epoch, bundle: NewBundle): Promise<string> {
  const folder = epochFolder(run, epoch);
  await saveBundle(folder, bundle);
  return folder;
}

/** Writes the report and, beside it, the confusion matrix as a picture and as CSV. */
export async function writeReport(
  run: RunFolder,
  report: Omit<ReportInput, "evaluation"> & {
    readonly evaluation: Evaluation | undefined;
    readonly labels: readonly string[];
  },
): Promise<void> {
  const { labels, evaluation, ...rest } = report;
  await writeFile(run.report, renderReport({ ...rest, ...(evaluation && { evaluation }) }));
  if (evaluation === undefined) return;
  await writeFile(join(run.folder, "confusion.csv"), confusionCsv(labels, evaluation.matrix));
  await writeFile(join(run.folder, "confusion.png"), await renderSvg(confusionSvg(labels, evaluation.matrix)));
}
