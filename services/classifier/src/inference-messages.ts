import type { Roi } from "@beckon/protocol";
import type { Bundle, EngineChoice, PictureError } from "@beckon/vision";

/** What a thread is born with; it serves these models and no others to its end. */
export interface ThreadSetup {
  readonly models: readonly ThreadModel[];
}

export interface ThreadModel {
  readonly name: string;
  readonly bundle: Bundle;
  readonly engine: EngineChoice;
  readonly threads: number;
}

/** One frame to look at. */
export interface Job {
  /** Names of the models to ask. */
  readonly models: readonly string[];
  readonly jpeg: Uint8Array;
  readonly roi: Roi | "default";
  readonly mirror: boolean;
  readonly megapixels: number;
}

export type ToThread = { readonly type: "job"; readonly job: Job } | { readonly type: "close" };

/** What one model says of a frame. */
export interface ModelAnswer {
  readonly model: string;
  /** One probability for each label. */
  readonly row: Float32Array;
  /** What was cropped; absent where EXIF turns the picture and the region is the default one. */
  readonly roi: Roi | undefined;
  /** Ms: all between file and tensor, and the run. */
  readonly decode: number;
  readonly infer: number;
}

/** Why there is no answer of a model. */
export interface ModelRefusal {
  readonly model: string;
  readonly refused: PictureError["reason"] | "engine-failed";
  /** In one line, for the log. */
  readonly message: string;
}

export type FromThread =
  | { readonly type: "ready"; readonly engines: Readonly<Record<string, string>> }
  /** The thread cannot serve its models; `blame` is the class of the error. */
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "answer"; readonly answer: ModelAnswer | ModelRefusal }
  | { readonly type: "done" };
