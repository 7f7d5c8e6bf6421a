import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { open, readFile, rename, rm } from "node:fs/promises";
import { systemReason } from "@beckon/vision/system-reason";
import { z } from "zod";
import type { Epoch } from "./history.ts";
import type { TrainingState } from "./trainer.ts";

/** A checkpoint that cannot be used or written; the message says which, why, and what to do. */
export class CheckpointError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CheckpointError";
  }
}

/** What is needed to go on with a training as if it had never stopped. */
export interface Checkpoint {
  /** Tells trainings apart: everything that changes the weights of the coming epochs. */
  readonly fingerprint: string;
  readonly state: TrainingState;
  readonly best: Epoch | undefined;
}

const Header = z.object({
  format: z.literal("beckon-checkpoint/1"),
  fingerprint: z.string(),
  step: z.int(),
  epoch: z.int(),
  best: z.record(z.string(), z.number().nullable()).optional(),
  lengths: z.array(z.int()),
  sha256: z.string(),
});

/**
 * Writes a checkpoint: one line of JSON, then the values as little-endian 32-bit floats. The file is written beside its
 * place and then moved there, so that a crash or a full disk leaves the one before it as it was.
 *
 * @throws CheckpointError when it cannot be written
 */
export async function writeCheckpoint(path: string, { fingerprint, state, best }: Checkpoint): Promise<void> {
  const vectors = vectorsOf(state);
  const bytes = vectors.map((vector) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength));
  const hash = createHash("sha256");
  for (const part of bytes) hash.update(part);
  const header: z.infer<typeof Header> = {
    format: "beckon-checkpoint/1",
    fingerprint,
    step: state.step,
    epoch: state.epoch,
    ...(best && { best: { ...best } }),
    lengths: vectors.map((vector) => vector.length),
    sha256: hash.digest("hex"),
  };
  // One name for all: what a kill in the middle of it leaves is written over by the next.
  const beside = `${path}.tmp`;
  try {
    const file = await open(beside, "w");
    try {
      await file.writeFile(`${JSON.stringify(header)}\n`);
      for (const part of bytes) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    // A failure to clean up must not hide why it was needed.
    await rm(beside, { force: true }).catch(() => undefined);
    const remedy = existsSync(path)
      ? "the checkpoint before it is as it was: make room and go on with --resume"
      : "make room and start again";
    throw new CheckpointError(`${path} was not written: ${systemReason(error) ?? String(error)}; ${remedy}`, {
      cause: error,
    });
  }
}

/**
 * Reads a checkpoint into a state of the same network.
 *
 * @param state receives the values
 * @returns the best epoch so far
 * @throws CheckpointError when the file is damaged or belongs to another training
 */
export async function readCheckpoint(
  path: string,
  fingerprint: string,
  state: TrainingState,
): Promise<Epoch | undefined> {
  const content = await readFile(path).catch((error: unknown) => {
    throw new CheckpointError(`${path} cannot be read: start without --resume`, { cause: error });
  });
  const end = content.indexOf(10);
  const header = parseHeader(path, content.subarray(0, Math.max(0, end)).toString());
  if (header.fingerprint !== fingerprint) {
    throw new CheckpointError(
      `${path} belongs to a training with other settings or data: give the same ones, or another --out`,
    );
  }
  const body = content.subarray(end + 1);
  const vectors = vectorsOf(state);
  const fits = header.lengths.join() === vectors.map((vector) => vector.length).join();
  if (!fits || createHash("sha256").update(body).digest("hex") !== header.sha256) {
    throw new CheckpointError(`${path} is damaged: delete it and start without --resume`);
  }
  vectors.reduce((offset, vector) => {
    const target = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
    return offset + body.copy(target, 0, offset, offset + vector.byteLength);
  }, 0);
  state.step = header.step;
  state.epoch = header.epoch;
  return header.best as unknown as Epoch | undefined;
}

function parseHeader(path: string, line: string): z.infer<typeof Header> {
  try {
    return Header.parse(JSON.parse(line));
  } catch (error) {
    throw new CheckpointError(`${path} is no checkpoint of this version: delete it and start without --resume`, {
      cause: error,
    });
  }
}

function vectorsOf({ weights, statistics, moments, average, best }: TrainingState): Float32Array[] {
  const averaged = average.weights === weights ? [] : [average.weights, average.statistics];
  return [weights, statistics, moments.first, moments.second, best.weights, best.statistics, ...averaged];
}
