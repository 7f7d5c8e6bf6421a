import type { EngineChoice } from "@beckon/vision";
import type { Arguments } from "./arguments.ts";

/** `ENGINE_CHOICES` of @beckon/vision, repeated so that help and wrong flags need not load it; the type keeps them alike. */
const CHOICES = Object.keys({
  auto: true,
  onnx: true,
  "onnx-cpu": true,
  "onnx-webgpu": true,
  "onnx-cuda": true,
  tfjs: true,
  "tfjs-node-gpu": true,
  "tfjs-node": true,
  "tfjs-wasm": true,
} satisfies Record<EngineChoice, true>) as EngineChoice[];

/** How the flag stands in the help of every command that has it. */
export const ENGINE_FLAG = {
  type: "string",
  valueHint: CHOICES.join("|"),
  description: "What computes (default onnx-cpu, which needs no timing; auto takes the fastest)",
} as const;

/**
 * The engine that was asked for, else onnxruntime on the CPU.
 *
 * @throws UsageError when it is none of the engines
 */
export function engineOf(args: Arguments): EngineChoice {
  return args.choice("engine", CHOICES) ?? "onnx-cpu";
}
