import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { NewBundle } from "@beckon/vision";
import { renderSvg, saveBundle } from "@beckon/vision";
import { systemReason } from "@beckon/vision/system-reason";
import { CheckpointError } from "./checkpoint.ts";
import { confusionCsv } from "./evaluation/confusion.ts";
import type { Evaluation } from "./evaluation/evaluation.ts";
import { appendHistory, type Epoch, formatHistory, readHistory } from "./history.ts";
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
  await removeHalves(folder);
  return run;
}

/** Removes what a kill in the middle of saving a bundle leaves beside it; resuming writes the best bundle anew. */
async function removeHalves(folder: string): Promise<void> {
  const halves = (await readdir(folder)).filter((name) =>
    /^\.(best|epoch-\d+-.*)\.(new|old)-\d+-[0-9a-f]+$/.test(name),
  );
  for (const name of halves) await rm(join(folder, name), { recursive: true, force: true });
}

/** Adds an epoch to the history. @throws CheckpointError when it cannot be written */
export async function addEpoch({ history }: RunFolder, epoch: Epoch): Promise<void> {
  await writing(history, () => appendHistory(history, epoch));
}

/** Takes the epochs after `last` out of the history. @throws CheckpointError when it cannot be written */
export async function cutHistory({ history }: RunFolder, last: number): Promise<void> {
  const epochs = await readHistory(history);
  if (epochs.every(({ epoch }) => epoch <= last)) return;
  const kept = epochs.filter(({ epoch }) => epoch <= last);
  await writing(history, () => writeWhole(history, formatHistory(kept)));
}

/** A reader, or a crash, never meets half of it. */
async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await writeFile(`${path}.tmp`, content, { flush: true });
  await rename(`${path}.tmp`, path);
}

/** Says which file could not be written, which the system's own message does not. */
async function writing(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    await rm(`${path}.tmp`, { force: true }).catch(() => undefined);
    throw new CheckpointError(`${path} was not written: ${reason}; make room and go on with --resume`, {
      cause: error,
    });
  }
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
  await writing(run.report, () => writeWhole(run.report, renderReport({ ...rest, ...(evaluation && { evaluation }) })));
  if (evaluation === undefined) return;
  const csv = join(run.folder, "confusion.csv");
  await writing(csv, () => writeWhole(csv, confusionCsv(labels, evaluation.matrix)));
  const picture = join(run.folder, "confusion.png");
  const bytes = await renderSvg(confusionSvg(labels, evaluation.matrix));
  await writing(picture, () => writeWhole(picture, bytes));
}
