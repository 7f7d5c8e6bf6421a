import { type Pads, type Shape, sizeOf } from "../plan.ts";
import type { Attributes, GraphBuilder } from "./builder.ts";

/** The dimensions that a batch of these samples has in a training graph: pictures are [channels, height, width, batch]. */
export function batchOf(shape: Shape, batch: number): readonly number[] {
  return shape.length === 3 ? [...shape, batch] : [batch, ...shape];
}

/** From samples as they come, batch first, to the dimensions of training graphs. */
export function toBatchLast(graph: GraphBuilder, samples: string, shape: Shape): string {
  return shape.length === 3 ? graph.transpose(samples, [1, 2, 3, 0]) : samples;
}

/** From pictures of a training graph to one row of values for each sample, channels outermost. */
export function toRows(graph: GraphBuilder, pictures: string, shape: Shape, batch: number): string {
  return graph.reshape(graph.transpose(pictures, [3, 0, 1, 2]), [batch, sizeOf(shape)]);
}

/** The way back from `toRows`. */
export function fromRows(graph: GraphBuilder, rows: string, shape: Shape, batch: number): string {
  return toBatchLast(graph, graph.reshape(rows, [batch, ...shape]), shape);
}

/** What operators with windows want in place of [channels, height, width, batch]: one volume as deep as the batch. */
export function asVolume(graph: GraphBuilder, pictures: string, shape: Shape, batch: number): string {
  return graph.reshape(pictures, [1, ...batchOf(shape, batch)]);
}

/** Square windows over the pictures of a volume, as attributes of Conv and of the pools. */
export function windows(size: number, stride: number, { before, after }: Pads): Attributes {
  return {
    kernel_shape: [size, size, 1],
    strides: [stride, stride, 1],
    pads: [before, before, 0, after, after, 0],
  };
}
