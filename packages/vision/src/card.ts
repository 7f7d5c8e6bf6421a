import { z } from "zod";

const fraction = z.number().min(0).max(1);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** Larger ones would leave a 32-bit float no digits for the picture. */
const moderate = z.number().min(-1e6).max(1e6);
const divisor = moderate.refine((value) => Math.abs(value) >= 1e-6, "it divides, so it must differ from 0");

/** How a picture becomes the input tensor of a model. */
export const InputSpec = z.object({
  width: z.int().min(8).max(1024),
  height: z.int().min(8).max(1024),
  /** Order of the tensor's dimensions after the batch: NCHW is channels first. */
  layout: z.enum(["NCHW", "NHWC"]),
  colours: z.enum(["RGB", "BGR"]),
  /** Input value = (byte / 255 - mean) / std, per channel in the order of `colours`. */
  mean: z.tuple([moderate, moderate, moderate]),
  std: z.tuple([divisor, divisor, divisor]),
  /** How a crop that is not of the input's proportions is fitted: distorted, cut at the centre, or padded with black. */
  fit: z.enum(["stretch", "cover", "contain"]),
  /** Interpolation; downscaling always averages over the area it covers. */
  kernel: z.enum(["nearest", "linear", "cubic", "lanczos3"]),
});
export type InputSpec = z.infer<typeof InputSpec>;

/** Accuracy on one set of pictures, as it stands on the card. */
export const CardEvaluation = z.object({
  /** What was tested, in a few words: `letters/test`. */
  data: z.string(),
  /** True when a source of the test was also trained on. */
  sharesSources: z.boolean(),
  macro: z.object({ accuracy: fraction, low: fraction, high: fraction }),
  sources: z.array(z.object({ name: z.string(), accuracy: fraction, count: z.int() })),
  /** Anything a reader must know: leaked files, classes left out. */
  note: z.string().optional(),
});

/** `model.json`: what a reader and the classifier must know of a bundle. Unknown fields are ignored. */
export const ModelCard = z.object({
  format: z.literal("beckon-model/1"),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/),
  version: z.string().regex(/^[0-9A-Za-z][0-9A-Za-z.+-]{0,31}$/),
  /** One sentence: what it is for and what not. */
  summary: z.string().optional(),
  /** Name of the architecture, or `imported`. */
  architecture: z.string(),
  input: InputSpec,
  /** Answer `unknown` below this confidence: one for all classes, and others for single classes. */
  thresholds: z.object({ default: fraction, classes: z.record(z.string(), fraction).default({}) }),
  /** Of `model.onnx`, and of all files of `tfjs/` where there is one (see `readTfjsFiles`). */
  sha256: z.object({ onnx: sha256, tfjs: sha256.optional() }),
  training: z
    .object({
      command: z.string(),
      summary: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
    })
    .optional(),
  evaluations: z.array(CardEvaluation).default([]),
  sources: z
    .array(
      z.object({
        name: z.string(),
        pictures: z.int(),
        repository: z.string().optional(),
        licence: z.string().optional(),
      }),
    )
    .default([]),
});
export type ModelCard = z.infer<typeof ModelCard>;
