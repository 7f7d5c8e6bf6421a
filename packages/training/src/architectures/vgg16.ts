import type { Architecture } from "../architecture.ts";
import type { Layer } from "../layers.ts";

/**
 * The 13 convolutions of VGG16 (Simonyan and Zisserman, 2014) at 64x64 under a head of the author's own, from a
 * tutorial on the sign language alphabet. The tutorial starts from ImageNet weights; none can be had here, so it trains
 * from scratch (He's draw, or without batch norm it does not start). The author gives no rate, batch or number of
 * epochs; those are ours.
 */
export const vgg16: Architecture = {
  name: "vgg16",
  summary: "VGG16's convolutions at 64x64 with a dense head, for the alphabet",
  side: 64,
  classes: 29,
  normalisation: { mean: [0, 0, 0], std: [1, 1, 1] },
  recipe: {
    epochs: 10,
    batch: 64,
    optimiser: { type: "adam", rate: 1e-4 },
    schedule: { type: "constant" },
    labelSmoothing: 0,
    augmentation: "none",
    validation: 0.1,
    threshold: 0,
    checkpointEvery: 0,
    averaging: 0,
  },
  reported: 'validation .887, test .965; "not accurate on slightly different backgrounds"',
  layers: ({ classes }) => [
    ...block(64, 2),
    ...block(128, 2),
    ...block(256, 3),
    ...block(512, 3),
    ...block(512, 3),
    { type: "dropout", rate: 0.2 },
    { type: "flatten" },
    { type: "dropout", rate: 0.2 },
    { type: "dense", units: 512, l2: 0.01 },
    { type: "relu" },
    { type: "dense", units: classes },
  ],
};

/** Convolutions of one width, each with its ReLU, and a pool that halves the side. */
function block(filters: number, convolutions: number): readonly Layer[] {
  const layers = Array.from({ length: convolutions }, (): readonly Layer[] => [
    { type: "conv", filters, kernel: 3, init: "he" },
    { type: "relu" },
  ]);
  return [...layers.flat(), { type: "max-pool", size: 2 }];
}
