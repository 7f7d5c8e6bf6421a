import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { own } from "../../packages/training/src/architectures/own.ts";
import { planLayers } from "../../packages/training/src/plan.ts";
import { BenchFailure, measureProgram } from "./bench.ts";
import type { TrainingRequest, TrainingRound } from "./training-round.ts";

/** Debian's own Python: the one that python3-torch installs for. */
const PYTHON = "/usr/bin/python3";
const PEER = fileURLToPath(new URL("./pytorch-peer.py", import.meta.url));

/** The version of PyTorch that Debian's Python finds, or undefined where there is none. */
export async function pytorchVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(PYTHON, ["-c", "import torch; print(torch.__version__)"]);
    return stdout.trim();
  } catch {
    return undefined;
  }
}

/**
 * Measures PyTorch on `own`: the same layers, pictures, batch and step rule, nothing augmented.
 *
 * @throws BenchFailure when it cannot, or when its network is not ours
 */
export async function measurePytorch(
  request: Omit<TrainingRequest, "workers" | "augmentation"> & { readonly threads: number },
  signal: AbortSignal,
): Promise<TrainingRound> {
  const { pictures, ...rest } = request;
  const { side, normalisation, recipe } = own;
  const layers = own.layers({ classes: pictures.classes });
  const outcome = await measureProgram<TrainingRound & { parameters: number; loss: number }>(
    PYTHON,
    [PEER],
    {
      ...rest,
      ...normalisation,
      side,
      layers,
      path: pictures.path,
      labels: pictures.labels,
      labelSmoothing: recipe.labelSmoothing,
      rate: recipe.optimiser.rate,
      weightDecay: recipe.optimiser.weightDecay ?? 0,
    },
    signal,
  );
  const { weightCount } = planLayers(layers, [3, side, side]);
  if (outcome.parameters !== weightCount)
    throw new BenchFailure(`PyTorch trained ${outcome.parameters} parameters, our network has ${weightCount}`);
  if (!Number.isFinite(outcome.loss)) throw new BenchFailure("PyTorch's loss is no longer a number");
  return outcome;
}
