import type { Architecture } from "../architecture.ts";
import type { Layer } from "../layers.ts";

const defaultUnits = 128;

/**
 * The hand / others network of the best-known Keras gesture tutorial, and its recipe to the letter: 20 batches of
 * 16 an epoch, 25 epochs, Adam at 5e-5, no augmentation. Three convolutions with overlapping pools between them and no
 * activation before the flatten. Nearly all of its 3.4 M parameters are the first dense kernel, which is why it learns
 * the pictures it is given by heart. It is here to be measured against; for real use take `own`.
 */
export const handCnn: Architecture = {
  name: "hand-cnn",
  summary: "the tutorial's hand / others network: three convolutions and a large dense layer",
  side: 128,
  classes: 2,
  normalisation: { mean: [0, 0, 0], std: [1, 1, 1] },
  recipe: {
    epochs: 25,
    batch: 16,
    stepsPerEpoch: 20,
    optimiser: { type: "adam", rate: 5e-5 },
    schedule: { type: "constant" },
    labelSmoothing: 0,
    augmentation: "none",
    validation: 0.2,
    threshold: 0.5,
    checkpointEvery: 5,
    averaging: 0,
  },
  reported: "84 to 99 % among the tutorials of its kind, each on a random split of its own pictures",
  widthMeaning: `units of the dense layer, 64 to 4096 (default ${defaultUnits})`,
  layers: ({ classes, width = defaultUnits }) => {
    if (!Number.isInteger(width) || width < 64 || width > 4096)
      throw new RangeError(`hand-cnn: width ${width} is not possible; give a whole number from 64 to 4096`);
    return [
      conv(64, 5, "valid"),
      pool,
      conv(64, 5, "same"),
      pool,
      conv(128, 3, "same"),
      pool,
      { type: "flatten" },
      { type: "relu" },
      { type: "dense", units: width },
      { type: "relu" },
      { type: "dense", units: classes },
    ];
  },
};

const pool: Layer = { type: "max-pool", size: 3, stride: 2 };

/** Keras starts every kernel with Glorot's uniform draw. */
function conv(filters: number, kernel: number, padding: "same" | "valid"): Layer {
  return { type: "conv", filters, kernel, padding, init: "glorot" };
}
