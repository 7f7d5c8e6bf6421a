import { secret } from "@beckon/runtime";
import { z } from "zod";

const WebAddress = z
  .url({ protocol: /^https?$/, error: "must be an address such as http://127.0.0.1:8086" })
  .refine((url) => !URL.canParse(url) || new URL(url).username + new URL(url).password === "", {
    message: "must be without a password: this is shown to others; set username and password beside it",
  });

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Where points wait for the database. */
const SpoolConfig = z.object({
  /** `~/.local/state/beckon/metrics` unless given, or as XDG_STATE_HOME says. */
  folder: z.string().min(1).max(4096).optional(),
  /** On disk; beyond it the oldest points are dropped, and counted. */
  maxMegabytes: z.number().min(1).max(1_000_000).default(256),
  /** Points that waited for longer are dropped, and counted. */
  maxAge: z
    .number()
    .min(HOUR_MS)
    .max(366 * DAY_MS)
    .default(7 * DAY_MS),
  /** Until a point is on disk: what a crash costs at most. */
  syncInterval: z.number().min(10).max(60_000).default(1000),
});

/** The metrics sink's section of beckon.yaml. Durations in ms. */
export const MetricsSinkConfig = z.object({
  /** Of InfluxDB. Without it points are kept in the spool; `beckon metrics import` sends them later. */
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
  /** How long InfluxDB keeps points as they come, whole hours; a line for each minute is kept for a year. */
  rawRetention: z
    .number()
    .min(HOUR_MS)
    .max(3660 * DAY_MS)
    .multipleOf(HOUR_MS)
    .default(7 * DAY_MS),
  /** So many points are written as soon as they wait. */
  batch: z.number().int().min(1).max(5000).default(500),
  /** The longest that a point waits while InfluxDB answers. */
  flushInterval: z.number().min(10).max(60_000).default(1000),
  /** Most points that wait in memory, which is where they wait while the disk takes none; then the oldest are dropped. */
  maxWaiting: z.number().int().min(5000).max(1_000_000).default(20_000),
  /** Without a whole answer for so long a write has failed. */
  timeout: z.number().min(100).max(60_000).default(5000),
  spool: SpoolConfig.prefault({}),
});

export type MetricsSinkConfig = z.infer<typeof MetricsSinkConfig>;
