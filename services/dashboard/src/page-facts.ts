import { Name, Prefix } from "@beckon/protocol";
import * as z from "zod";

/** What the page must know before it can connect: `GET /page.json`. Nothing in it is secret. */
export const PageFacts = z.object({
  prefix: Prefix,
  /** Of the dashboard itself, as in its topics. */
  id: Name,
  version: z.string(),
  /** Where the same page is reached over HTTPS, for a browser that will give its camera only there; absent without. */
  secureUrl: z.url().optional(),
  /** The service's clock when it answered, ms since the epoch: commands are judged by their age, and phones' clocks are off. */
  now: z.number(),
});
export type PageFacts = z.infer<typeof PageFacts>;
