import type { Architecture } from "../architecture.ts";
import type { Layer } from "../layers.ts";

/**
 * ResNet-50 (He et al., "Deep Residual Learning", 2015) as the same course teaches it in Keras for SIGNS: 64x64 input
 * with 3 zeros around, a bias in every convolution, the stride in the first 1x1 convolution of a stage, and a flatten
 * after the last 2x2 average. 23,600,006 parameters with six classes, 53,120 of them running statistics. Recipe: 20
 * epochs, batches of 32, Adam at Keras's default of 1e-3.
 */
export const resnet50: Architecture = {
  name: "resnet50",
  summary: "a course's ResNet-50 for finger counts, 23.6 M parameters",
  side: 64,
  classes: 6,
  normalisation: { mean: [0, 0, 0], std: [1, 1, 1] },
  recipe: {
    epochs: 20,
    batch: 32,
    optimiser: { type: "adam", rate: 1e-3 },
    schedule: { type: "constant" },
    labelSmoothing: 0,
    augmentation: "none",
    validation: 0.15,
    threshold: 0,
    checkpointEvery: 0,
    averaging: 0,
  },
  reported: "test .892 on SIGNS, evaluated with the statistics of the batch",
  layers: ({ classes }) => [
    { type: "zero-pad", amount: 3 },
    conv(64, 7, 2),
    norm,
    relu,
    { type: "max-pool", size: 3, stride: 2 },
    ...stage(64, 3, 1),
    ...stage(128, 4, 2),
    ...stage(256, 6, 2),
    ...stage(512, 3, 2),
    { type: "average-pool", size: 2 },
    { type: "flatten" },
    { type: "dense", units: classes },
  ],
};

const relu: Layer = { type: "relu" };
const norm: Layer = { type: "batch-norm", epsilon: 1e-3, momentum: 0.99 };

function conv(filters: number, kernel: number, stride = 1, padding: "same" | "valid" = "valid"): Layer {
  return { type: "conv", filters, kernel, stride, padding, init: "glorot" };
}

/** One block that changes the shape, then blocks that keep it. */
function stage(filters: number, blocks: number, stride: number): readonly Layer[] {
  const first: Layer = {
    type: "residual",
    body: bottleneck(filters, stride),
    shortcut: [conv(4 * filters, 1, stride), norm],
  };
  const rest = Array.from({ length: blocks - 1 }, (): Layer => ({ type: "residual", body: bottleneck(filters, 1) }));
  return [first, ...rest].flatMap((block) => [block, relu]);
}

function bottleneck(filters: number, stride: number): readonly Layer[] {
  return [conv(filters, 1, stride), norm, relu, conv(filters, 3, 1, "same"), norm, relu, conv(4 * filters, 1), norm];
}
