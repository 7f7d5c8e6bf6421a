import type { EngineChoice } from "@beckon/vision";
import type { Arguments } from "./arguments.ts";

/** `ENGINE_CHOICES` of @beckon/vision, repeated so that help and wrong flags need not load it; the types keep them alike. */
const CHOICES = [
  "auto",
  "onnx",
  "onnx-cpu",
  "onnx-webgpu",
  "onnx-cuda",
  "tfjs",
] as const satisfies readonly EngineChoice[];

export const ENGINE_FLAG = {
  type: "string",
  valueHint: CHOICES.join("|"),
  description: "What computes (default onnx-cpu, which needs no timing; auto takes the fastest)",
} as const;

/** @throws UsageError when it is none of the engines */
export function engineOf(args: Arguments): EngineChoice {
  return args.choice("engine", CHOICES) ?? "onnx-cpu";
}
