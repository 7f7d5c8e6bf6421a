export { type Bundle, loadBundle, type NewBundle, saveBundle } from "./bundle.ts";
export { BundleError } from "./bundle-error.ts";
export { CardEvaluation, InputSpec, ModelCard } from "./card.ts";
export {
  type Classification,
  type Classifier,
  type ClassifierOptions,
  type ClassifyOptions,
  judge,
  openClassifier,
  type Score,
  UNKNOWN,
  type Verdict,
} from "./classifier.ts";
export { type CollectedFrame, Collection, type CollectionPlan, sessionName } from "./collection.ts";
export { ENGINE_CHOICES, type EngineChoice, type OpenedEngine, openEngine, type TriedEngine } from "./engines/auto.ts";
export { type Engine, EngineUnavailable } from "./engines/engine.ts";
export { type EngineModel, type OnnxOptions, onnxEngine } from "./engines/onnx.ts";
export { tfjsEngine } from "./engines/tfjs.ts";
export type { TfjsBackend } from "./engines/tfjs-backend.ts";
export type { Imported, ImportOverrides, Scale } from "./import/guess.ts";
export { type ImportOnnxOptions, importOnnx } from "./import/onnx.ts";
export { type ImportTfjsOptions, importTfjs } from "./import/tfjs.ts";
export { type BadLabel, findBadLabel } from "./labels.ts";
export {
  decodeModel,
  encodeModel,
  type OnnxAttribute,
  OnnxFileError,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from "./onnx-file.ts";
export {
  checkPicture,
  defaultRoi,
  encodeJpeg,
  encodePng,
  FILE_LIMITS,
  type PictureLimits,
  type PictureShape,
  readPicture,
  WIRE_LIMITS,
} from "./picture.ts";
export { readPictureFile } from "./picture-file.ts";
export { PictureError, type PictureFormat, type PictureHeader } from "./picture-header.ts";
export type { Pixels, Roi } from "./pixels.ts";
export { renderSvg } from "./svg.ts";
export { tensorLength, writeTensor } from "./tensor.ts";
export { readTfjsFiles, writeTfjsFiles } from "./tfjs-files.ts";
export { startTsWorker } from "./ts-worker.ts";
