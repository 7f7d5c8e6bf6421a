import * as z from "zod";
import { Boot, Roi } from "./payloads.ts";

/** What our camera publisher says of a frame, in a COM segment of the JPEG itself. */
export const FrameEnvelope = z.object({
  seq: z.number().int().nonnegative(),
  boot: Boot,
  /** Capture time, ms since the epoch by the sender's clock. */
  at: z.number().nonnegative(),
  /** Pixels. */
  width: z.number().int().positive().max(65_535),
  height: z.number().int().positive().max(65_535),
  roi: Roi.optional(),
});
export type FrameEnvelope = z.infer<typeof FrameEnvelope>;

/** A JPEG as it travels, and what its COM segment says; a foreign camera's has none. */
export interface Frame {
  readonly jpeg: Uint8Array;
  readonly envelope?: FrameEnvelope;
}
