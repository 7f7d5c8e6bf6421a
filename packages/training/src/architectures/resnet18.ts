import type { Architecture } from "../architecture.ts";
import type { Layer } from "../layers.ts";

/**
 * ResNet-18 (He et al., "Deep Residual Learning", 2015; torchvision's layout: stride in the 3x3 convolution, symmetric
 * padding, batch norm eps 1e-5) at 96x96. Its place is transfer: a PyTorch tutorial keeps everything but the last layer
 * frozen and trains that on about 150 pictures a class. The recipe is meant for the whole network as well as the head;
 * the normalisation is the one torchvision's weights were trained with, so that they can be imported.
 */
export const resnet18: Architecture = {
  name: "resnet18",
  summary: "ResNet-18 at 96x96, the backbone for transfer: train only the last layer",
  side: 96,
  classes: 5,
  normalisation: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
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
  reported: ".79 on finger counts 1 to 5, only the last layer trained",
  layers: ({ classes }) => [
    conv(64, 7, 2),
    norm,
    relu,
    { type: "max-pool", size: 3, stride: 2, padding: "same" },
    ...stage(64, 1, false),
    ...stage(128, 2, true),
    ...stage(256, 2, true),
    ...stage(512, 2, true),
    { type: "global-average-pool" },
    { type: "dense", units: classes },
  ],
};

const relu: Layer = { type: "relu" };
const norm: Layer = { type: "batch-norm", epsilon: 1e-5, momentum: 0.9 };

function conv(filters: number, kernel: number, stride: number): Layer {
  return { type: "conv", filters, kernel, stride, padding: (kernel - 1) / 2, bias: false };
}

/** Two basic blocks; the first takes the step down and, where the shape changes, sends the shortcut through a 1x1. */
function stage(filters: number, stride: number, changesShape: boolean): readonly Layer[] {
  const first: Layer = {
    type: "residual",
    body: basic(filters, stride),
    ...(changesShape ? { shortcut: [conv(filters, 1, stride), norm] } : {}),
  };
  return [first, relu, { type: "residual", body: basic(filters, 1) }, relu];
}

function basic(filters: number, stride: number): readonly Layer[] {
  return [conv(filters, 3, stride), norm, relu, conv(filters, 3, 1), norm];
}
