import { didYouMean } from "@beckon/protocol/did-you-mean";
import type { Architecture } from "../architecture.ts";
import { alexnet } from "./alexnet.ts";
import { conv5 } from "./conv5.ts";
import { handCnn } from "./hand-cnn.ts";
import { own } from "./own.ts";
import { resnet18 } from "./resnet18.ts";
import { resnet50 } from "./resnet50.ts";
import { signsCnn } from "./signs-cnn.ts";
import { vgg16 } from "./vgg16.ts";

/** Every architecture that can be trained by name; ours first, then as the tutorials come. */
export const architectures: readonly Architecture[] = [
  own,
  handCnn,
  alexnet,
  signsCnn,
  resnet50,
  vgg16,
  conv5,
  resnet18,
];

/** A name that is not in the catalogue. The message is one line for the user. */
export class UnknownArchitecture extends Error {
  constructor(name: string) {
    const known = architectures.map((architecture) => architecture.name);
    super(`there is no architecture "${name}"${didYouMean(name, known) || "."} Known: ${known.join(", ")}`);
    this.name = "UnknownArchitecture";
  }
}

/**
 * Looks an architecture up by its name.
 *
 * @throws UnknownArchitecture naming the nearest one that exists
 */
export function findArchitecture(name: string): Architecture {
  const found = architectures.find((architecture) => architecture.name === name);
  if (!found) throw new UnknownArchitecture(name);
  return found;
}
