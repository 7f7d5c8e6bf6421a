import type { Architecture } from "../architecture.ts";
import type { Layer } from "../layers.ts";

/**
 * The first convolutional network of a well-known course on deep learning, for the SIGNS set of finger counts 0 to 5:
 * two convolutions without bias, very wide pools, one dense layer, 1,286 parameters. Recipe: Xavier weights, Adam at
 * .009, mini-batches of 64, 100 epochs. Small enough to train in a test.
 */
export const signsCnn: Architecture = {
  name: "signs-cnn",
  summary: "a course's first network for finger counts: two convolutions, 1,286 parameters",
  side: 64,
  classes: 6,
  normalisation: { mean: [0, 0, 0], std: [1, 1, 1] },
  recipe: {
    epochs: 100,
    batch: 64,
    optimiser: { type: "adam", rate: 0.009 },
    schedule: { type: "constant" },
    labelSmoothing: 0,
    augmentation: "none",
    validation: 0.15,
    threshold: 0,
    checkpointEvery: 0,
    averaging: 0,
  },
  reported: "train .894, test .842 on SIGNS",
  layers: ({ classes }) => [
    conv(8, 4),
    { type: "relu" },
    { type: "max-pool", size: 8, padding: "same" },
    conv(16, 2),
    { type: "relu" },
    { type: "max-pool", size: 4, padding: "same" },
    { type: "flatten" },
    { type: "dense", units: classes },
  ],
};

function conv(filters: number, kernel: number): Layer {
  return { type: "conv", filters, kernel, padding: "same", bias: false, init: "glorot" };
}
