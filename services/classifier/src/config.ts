import { availableParallelism } from "node:os";
import { Name, Roi } from "@beckon/protocol";
import { changeable } from "@beckon/runtime";
import { ENGINE_CHOICES, WIRE_LIMITS } from "@beckon/vision";
import { z } from "zod";

const fraction = z.number().min(0).max(1);

/** How one model is served. */
const ModelChoice = z.object({
  /** Name of the bundle's folder, where it is not that of the model. A name, for it may come over the wire: never a path. */
  folder: Name.optional(),
  /** Threads of one run on the CPU: 2 shorten the run of a network that takes milliseconds, where cores are idle. */
  threads: z.int().min(1).max(64).default(1),
});

/** A topic as it is published to: no wildcards, no empty levels, none of the broker's own. */
const ForeignTopic = z
  .string()
  .max(256)
  .regex(
    /^(?!\$)[^+#/\p{C}]+(\/[^+#/\p{C}]+)*$/u,
    "must be a topic without + and #, such as frigate/porch/person/snapshot",
  );

/** What replaces the thresholds on a model's card: for all classes, and for single ones. */
export const Thresholds = z.object({
  default: fraction.optional(),
  classes: z.record(z.string(), fraction).default({}),
});
export type Thresholds = z.infer<typeof Thresholds>;

/** The section `classifier` of beckon.yaml. Times in ms. */
export const ClassifierConfig = z.object({
  /** Bundles by name, or by the name they are to have on the bus with what differs. */
  models: changeable(z.union([z.array(Name).min(1).max(32), z.record(Name, ModelChoice)]).default(() => ["letters"])),
  /**
   * A folder of bundles that is searched before the one that ships; it need not be there yet. `~/.local/share/beckon/models`
   * unless given (or as XDG_DATA_HOME says), where what is taught on the page is kept.
   */
  modelsFolder: z.string().min(1).optional(),
  /** Only these; empty for every camera there is. */
  cameras: z.array(Name).max(256).default([]),
  /** By camera: the topic on which other software publishes its JPEGs, where that is not `<camera>/frame` of ours. */
  frameTopics: z.record(Name, ForeignTopic).default({}),
  /** Name of a shared subscription: the broker deals each frame to one classifier of the group. */
  group: Name.optional(),
  engine: z.enum(ENGINE_CHOICES).default("auto"),
  /**
   * Threads that decode and infer, one frame each at a time. `auto` begins with one, and adds others, up to one more
   * than there are cores (4 at most), once frames are lost for want of one: each takes some 60 MB.
   */
  workers: z.union([z.literal("auto"), z.int().min(1).max(64)]).default("auto"),
  /** A frame that is older when its turn comes is dropped as `stale`. */
  maxAge: z.number().min(10).max(60_000).default(1000),
  /** A thread that has not answered by then is replaced, and its frame dropped as `timeout`. */
  timeout: z.number().min(100).max(60_000).default(5000),
  /** Largest frame, in millions of pixels. */
  megapixels: z.number().min(0.01).max(16).default(WIRE_LIMITS.megapixels),
  /** By model. Below its threshold the best class is called `unknown`. */
  thresholds: changeable(z.record(Name, Thresholds).default({})),
  /** By camera: the region of interest of a camera that does not send its own. */
  rois: changeable(z.record(Name, Roi).default({})),
  /** By camera: true for a picture that must be turned left to right. */
  mirror: changeable(z.record(Name, z.boolean()).default({})),
});
export type ClassifierConfig = z.infer<typeof ClassifierConfig>;

/** More threads than this are for those who ask for them. */
const MOST_BY_ITSELF = 4;

/**
 * How many threads there are at the start, and how many there may be. One more than there are cores: a thread waits now and
 * then, be it for its next frame or for a core that something else has. On two cores, at 195 frames a second of one camera,
 * three threads lost 0.6 % of them where two lost 1.2 % (medians of six). A lone core has nothing for a second one.
 */
export function threadRange(
  workers: ClassifierConfig["workers"],
  cores = availableParallelism(),
): { least: number; most: number } {
  if (workers !== "auto") return { least: workers, most: workers };
  return { least: 1, most: cores === 1 ? 1 : Math.min(cores + 1, MOST_BY_ITSELF) };
}
