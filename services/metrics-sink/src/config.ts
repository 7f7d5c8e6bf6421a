import { secret } from "@beckon/runtime";
import { z } from "zod";

const WebAddress = z
  .url({ protocol: /^https?$/, error: "must be an address such as http://127.0.0.1:8086" })
  .refine((url) => !URL.canParse(url) || new URL(url).username + new URL(url).password === "", {
    message: "must be without a password: this is shown to others; set username and password beside it",
  });

/** The metrics sink's section of beckon.yaml. Durations in ms. */
export const MetricsSinkConfig = z.object({
  /** Of InfluxDB. Without it the service does not start. */
  url: WebAddress.optional(),
  /** Made on the first write where it is missing and the user may. */
  database: z
    .string()
    .regex(/^[\w./-]{1,64}$/, "must be 1 to 64 letters, digits and . / - _")
    .default("beckon"),
  username: z.string().min(1).max(256).optional(),
  password: secret(z.string().max(4096).optional()),
  /** A file whose first line is the password. */
  passwordFile: z.string().min(1).optional(),
  /** So many points are written as soon as they wait. */
  batch: z.number().int().min(1).max(5000).default(500),
  /** The longest that a point waits while InfluxDB answers. */
  flushInterval: z.number().min(10).max(60_000).default(1000),
  /** Most points that wait while InfluxDB does not answer; then the oldest are dropped, and counted. */
  maxWaiting: z.number().int().min(5000).max(1_000_000).default(20_000),
  /** Without an answer for so long a write has failed. */
  timeout: z.number().min(100).max(60_000).default(5000),
});

export type MetricsSinkConfig = z.infer<typeof MetricsSinkConfig>;
