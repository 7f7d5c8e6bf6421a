export {
  decodeModel,
  encodeModel,
  type OnnxAttribute,
  OnnxFileError,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxType,
  type OnnxValue,
} from "./onnx-file.ts";
