import type { Service } from "@beckon/runtime";
import { checkModels, runClassifier } from "./classifier.ts";
import { ClassifierConfig } from "./config.ts";

export { ClassifierConfig } from "./config.ts";

/** Frames to results: newest wins, in worker threads. */
export const classifier: Service<ClassifierConfig> = {
  kind: "classifier",
  config: ClassifierConfig,
  check: checkModels,
  run: (context) => runClassifier(context),
};
