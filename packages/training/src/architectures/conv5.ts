import type { Architecture } from "../architecture.ts";
import type { Layer } from "../layers.ts";

/**
 * The plain network that the author of our `vgg16` row compares it with: five 3x3 convolutions of doubling width, each
 * followed by a pool, and a dense layer of 512. Adam at Keras's default rate; the author gives no batch or number of
 * epochs, those are ours, as is the padding (`same`, without which 64 pixels do not last for five pools).
 */
export const conv5: Architecture = {
  name: "conv5",
  summary: "five convolutions of doubling width and a dense layer, for the alphabet",
  side: 64,
  classes: 29,
  normalisation: { mean: [0, 0, 0], std: [1, 1, 1] },
  recipe: {
    epochs: 10,
    batch: 64,
    optimiser: { type: "adam", rate: 1e-3 },
    schedule: { type: "constant" },
    labelSmoothing: 0,
    augmentation: "none",
    validation: 0.1,
    threshold: 0,
    checkpointEvery: 0,
    averaging: 0,
  },
  reported: 'with `vgg16`: validation .887, test .965; "not accurate on slightly different backgrounds"',
  layers: ({ classes }) => [
    ...[32, 64, 128, 256, 512].flatMap(step),
    { type: "flatten" },
    { type: "dense", units: 512 },
    { type: "relu" },
    { type: "dense", units: classes },
  ],
};

function step(filters: number): readonly Layer[] {
  return [{ type: "conv", filters, kernel: 3, init: "glorot" }, { type: "relu" }, { type: "max-pool", size: 2 }];
}
