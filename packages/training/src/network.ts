import { type Bundle, BundleError, type InputSpec } from "@beckon/vision";
import { type Backbone, openBackbone } from "./backbone.ts";
import type { FeedSource } from "./feed.ts";
import { buildInferenceModel } from "./graph/inference.ts";
import { initialState, type NetworkState, takeOverWeights } from "./initial-weights.ts";
import type { Layer } from "./layers.ts";
import { type Plan, planLayers, type Shape } from "./plan.ts";
import type { PreparedData } from "./prepare-data.ts";
import { formatSummary, summarise } from "./summary.ts";
import type { TrainingOptions } from "./training-run.ts";

/** What is trained: a whole network on pictures, or a new head on the features of a trained one. */
export interface Network {
  /** Name for the card. */
  readonly architecture: string;
  readonly plan: Plan;
  readonly start: NetworkState;
  /** Printable. */
  readonly summary: string;
  /** Where the trainer's samples come from; may take a while for features. */
  feed(data: PreparedData): Promise<FeedSource>;
  /** The model for a bundle: pictures in, probabilities out. */
  toOnnx(state: NetworkState): Uint8Array;
}

/** The input that the network of these options takes. */
export function inputOf(
  { architecture, side, freeze }: Pick<TrainingOptions, "architecture" | "side" | "freeze">,
  source: Bundle | undefined,
): InputSpec {
  if (freeze && source) return source.card.input;
  const size = side ?? architecture.side;
  const { mean, std } = architecture.normalisation;
  return {
    width: size,
    height: size,
    layout: "NCHW",
    colours: "RGB",
    mean: [...mean],
    std: [...std],
    fit: "contain",
    kernel: "linear",
  };
}

export function networkOf(
  options: TrainingOptions,
  source: Bundle | undefined,
  input: InputSpec,
  classes: number,
): Network {
  if (options.freeze && source) return headNetwork(options, source, openBackbone(source), classes);
  return wholeNetwork(options, source, input, classes);
}

function wholeNetwork(
  options: TrainingOptions,
  source: Bundle | undefined,
  input: InputSpec,
  classes: number,
): Network {
  const { architecture, width, seed } = options;
  const layers = architecture.layers({ classes, ...(width !== undefined && { width }) });
  const plan = planLayers(layers, [3, input.height, input.width]);
  const start = initialState(plan, seed);
  const summary = formatSummary(summarise(plan));
  return {
    architecture: architecture.name,
    plan,
    start,
    summary: source ? `${takeOver(plan, start, source, architecture.name)}\n${summary}` : summary,
    feed: (data) => Promise.resolve(pixelSource(options, input, data)),
    toOnnx: ({ weights, statistics }) => buildInferenceModel(plan, weights, statistics),
  };
}

/** @returns a line for the summary @throws BundleError when nothing of the bundle fits */
function takeOver(plan: Plan, start: NetworkState, source: Bundle, architecture: string): string {
  const { taken, of } = takeOverWeights(plan, start, source.onnx);
  if (taken === 0) {
    throw new BundleError(
      `${source.folder}: none of its weights fits ${architecture}: start from a bundle of that architecture, or add --freeze to train a new head on this one`,
    );
  }
  return `Started from ${source.card.name} ${source.card.version}: ${taken} of ${of} tensors`;
}

/** Dropout before the one dense layer: a head sees the same features in every epoch and would learn them by heart. */
const HEAD_DROPOUT = 0.2;

function headNetwork(options: TrainingOptions, source: Bundle, backbone: Backbone, classes: number): Network {
  const layers: Layer[] = [
    { type: "dropout", rate: HEAD_DROPOUT },
    { type: "dense", units: classes },
  ];
  const input: Shape = [backbone.features];
  const plan = planLayers(layers, input);
  return {
    architecture: source.card.architecture,
    plan,
    start: initialState(plan, options.seed),
    summary: `Frozen: ${source.card.name} ${source.card.version} (sha256 ${source.card.sha256.onnx.slice(0, 12)}), ${backbone.features} features\n${formatSummary(summarise(plan))}`,
    feed: (data) => backbone.computeFeatures(data, source.card.input, options),
    toOnnx: ({ weights }) => backbone.withHead(weights, classes),
  };
}

function pixelSource(options: TrainingOptions, input: InputSpec, data: PreparedData): FeedSource {
  const cutOut = new Set(options.cutouts);
  const backgrounds = new Set(options.backgroundClasses.map((name) => data.classes.indexOf(name)));
  return {
    kind: "pixels",
    path: data.store.path,
    input,
    augmentation: options.recipe.augmentation,
    cutOut: Uint8Array.from(data.samples, ({ source }) => (cutOut.has(source) ? 1 : 0)),
    backgrounds: data.train.filter((index) => backgrounds.has(data.samples[index]?.label ?? -1)),
  };
}
