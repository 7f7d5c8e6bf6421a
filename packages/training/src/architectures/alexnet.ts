import type { Architecture } from "../architecture.ts";
import type { Layer } from "../layers.ts";

/**
 * The "AlexNet" of the Keras tutorials for sign language letters: like Krizhevsky, Sutskever and Hinton (2012) in name
 * and filter counts, but with every window `valid`, a stride of 1 after the first layer and batch norm after each pool
 * instead of local response normalisation. Its 28 M parameters stand almost all in three dense layers that see 256
 * numbers. Recipe: 2000 pictures of each class to train, 750 to validate and the rest to test, plain SGD at 1e-3,
 * batches of 32, a checkpoint after every epoch. Its authors give no number of epochs; 30 is ours.
 */
export const alexnet: Architecture = {
  name: "alexnet",
  summary: "the tutorials' AlexNet for 24 letters: five convolutions, three wide dense layers",
  side: 224,
  classes: 24,
  normalisation: { mean: [0, 0, 0], std: [1, 1, 1] },
  recipe: {
    epochs: 30,
    batch: 32,
    optimiser: { type: "sgd", rate: 1e-3 },
    schedule: { type: "constant" },
    labelSmoothing: 0,
    augmentation: "none",
    validation: 0.2,
    countsPerClass: [2000, 750],
    threshold: 0,
    checkpointEvery: 1,
    averaging: 0,
  },
  reported: "84 to 99 % among the tutorials of its kind, each on a random split of its own pictures",
  layers: ({ classes }) => [
    conv(96, 11, 4),
    relu,
    pool,
    norm,
    conv(256, 11),
    relu,
    pool,
    norm,
    conv(384, 3),
    relu,
    norm,
    conv(384, 3),
    relu,
    norm,
    conv(256, 3),
    relu,
    pool,
    norm,
    { type: "flatten" },
    ...hidden(4096, 0.4),
    ...hidden(4096, 0.6),
    ...hidden(1000, 0.5),
    { type: "dense", units: classes },
  ],
};

const relu: Layer = { type: "relu" };
const pool: Layer = { type: "max-pool", size: 2 };
/** Keras's defaults, spelled out. */
const norm: Layer = { type: "batch-norm", epsilon: 1e-3, momentum: 0.99 };

function conv(filters: number, kernel: number, stride = 1): Layer {
  return { type: "conv", filters, kernel, stride, padding: "valid", init: "glorot" };
}

function hidden(units: number, dropout: number): readonly Layer[] {
  return [{ type: "dense", units }, relu, { type: "dropout", rate: dropout }, norm];
}
