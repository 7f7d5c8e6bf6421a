import type { Architecture } from "../architecture.ts";
import type { Layer } from "../layers.ts";

const norm = { type: "batch-norm", momentum: 0.9, epsilon: 1e-3 } as const;
const relu = { type: "relu" } as const;

function conv(filters: number, stride = 1): Layer {
  return { type: "conv", filters, kernel: 3, stride, padding: "same", bias: false };
}

/** Two convolutions beside an open road; the last gamma starts at zero, so that a deep net starts as a shallow one. */
function residual(filters: number): readonly Layer[] {
  return [{ type: "residual", body: [conv(filters), norm, relu, conv(filters), { ...norm, gamma: "zero" }] }, relu];
}

/**
 * Beckon's own network, for real use: plain 3x3 convolutions, because they run fast on every engine
 * and train fastest here, each step down by stride instead of pooling, and residual bodies between.
 * Below 1 M parameters and below 60 M multiply-adds, so that a Raspberry Pi keeps up with a camera.
 * Residual bodies after He et al., "Deep Residual Learning", 2015; gammas at zero after Goyal et al., 2017.
 */
export const own: Architecture = {
  name: "own",
  summary: "Beckon's own residual network: small, made for hands, rooms and cameras it has never seen",
  side: 96,
  classes: 25,
  normalisation: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  recipe: {
    epochs: 60,
    batch: 64,
    optimiser: { type: "adam", rate: 2e-3, weightDecay: 0.02 },
    schedule: { type: "cosine", warmUp: 0.05 },
    labelSmoothing: 0.1,
    augmentation: "medium",
    validation: 0.15,
    threshold: 0.5,
    checkpointEvery: 0,
    averaging: 0.998,
  },
  layers: ({ classes }) => [
    conv(24, 2),
    norm,
    relu,
    conv(32, 2),
    norm,
    relu,
    ...residual(32),
    conv(80, 2),
    norm,
    relu,
    ...residual(80),
    conv(160, 2),
    norm,
    relu,
    ...residual(160),
    { type: "global-average-pool" },
    { type: "dropout", rate: 0.2 },
    { type: "dense", units: classes },
  ],
};
