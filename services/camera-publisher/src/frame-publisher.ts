import { type Frame, ProtocolError } from "@beckon/protocol";
import { type Bus, now, type ServiceContext } from "@beckon/runtime";
import { checkPicture, defaultRoi, PictureError, type Roi } from "@beckon/vision";
import type { ChosenCamera } from "./config.ts";
import { FrameRate } from "./frame-rate.ts";
import type { CapturedFrame } from "./frame-source.ts";
import { InFlight } from "./in-flight.ts";
import { FRAME_LIMITS, turnJpeg } from "./reencode.ts";

/** A snapshot at most so often, in ms. */
const SNAPSHOT_MS = 1000;
/** Of each reason to leave a frame out, a warning at most so often, in ms. */
const WARN_MS = 1000;

export interface FramePublisherOptions extends Pick<ServiceContext<unknown>, "topics" | "boot" | "log" | "stats"> {
  readonly bus: Pick<Bus, "publish" | "backlog" | "connected">;
  readonly name: string;
  readonly live: () => ChosenCamera;
  readonly snapshots: boolean;
}

/**
 * Puts one camera's frames on the bus. It never makes the source wait: a frame that cannot go at once is skipped and
 * counted, so that `frames` = `published` + all drops + those in hand.
 */
export class FramePublisher {
  readonly #options: FramePublisherOptions;
  readonly #rate = new FrameRate();
  readonly #inFlight = new InFlight();
  readonly #warnedAt = new Map<string, number>();
  #seq = 0;
  #turning = false;
  #inHand = 0;
  #snapshotAt = Number.NEGATIVE_INFINITY;

  constructor(options: FramePublisherOptions) {
    this.#options = options;
    this.#stats.gauge("inHand", () => this.#inHand);
  }

  /** Takes a frame and returns at once. */
  offer(frame: CapturedFrame): void {
    this.#stats.count("frames");
    const skipped = this.#skips(frame);
    if (skipped) {
      this.#stats.drop(skipped);
      return;
    }
    this.#inHand += 1;
    void this.#publish(frame)
      .catch((error: unknown) => this.#refuse(error))
      .finally(() => {
        this.#inHand -= 1;
      });
  }

  /** Why a frame does not even begin its way. */
  #skips({ jpeg, at }: CapturedFrame): string | undefined {
    const { live, bus } = this.#options;
    if (!this.#rate.admits(at, live().fps)) return "paced";
    if (!bus.connected) return "offline";
    return this.#turning || !this.#inFlight.hasRoom(jpeg.length, bus.backlog) ? "busy" : undefined;
  }

  async #publish({ jpeg: captured, at }: CapturedFrame): Promise<void> {
    const { bus, topics, name, boot, live } = this.#options;
    const camera = live();
    checkPicture(captured, FRAME_LIMITS);
    const jpeg = await this.#turned(captured, camera);
    const { width, height } = checkPicture(jpeg, FRAME_LIMITS);
    const roi = roiOf(camera, width, height);
    const frame: Frame = { jpeg, envelope: { seq: this.#seq, boot, at, width, height, roi } };
    this.#seq += 1;
    const sent = await this.#inFlight.track(jpeg.length, bus.publish(topics.frame({ camera: name }), frame));
    if (!sent) {
      this.#stats.drop("offline");
      return;
    }
    this.#stats.count("published");
    this.#stats.time("publish", now() - at);
    await this.#snapshot(frame, at);
  }

  async #snapshot(frame: Frame, at: number): Promise<void> {
    const { bus, topics, name, snapshots } = this.#options;
    if (!snapshots || at - this.#snapshotAt < SNAPSHOT_MS) return;
    this.#snapshotAt = at;
    if (await bus.publish(topics.snapshot({ camera: name }), frame)) this.#stats.count("snapshots");
  }

  /** One at a time, or a frame could overtake the one before it. */
  async #turned(jpeg: Uint8Array, { rotation, mirror, quality }: ChosenCamera): Promise<Uint8Array> {
    if (rotation === 0 && !mirror) return jpeg;
    this.#turning = true;
    try {
      return await turnJpeg(jpeg, { rotation, mirror }, quality);
    } finally {
      this.#turning = false;
    }
  }

  #refuse(error: unknown): void {
    const reason = error instanceof PictureError || error instanceof ProtocolError ? error.reason : "failed";
    this.#stats.drop(reason);
    const last = this.#warnedAt.get(reason) ?? Number.NEGATIVE_INFINITY;
    if (now() - last < WARN_MS) return;
    this.#warnedAt.set(reason, now());
    const why = error instanceof Error ? error.message : String(error);
    this.#options.log.warn(`${this.#options.name}: a frame is left out: ${why}`);
  }

  get #stats() {
    return this.#options.stats.part(this.#options.name);
  }
}

/** Four decimals are a twentieth of a pixel of the widest frame there may be. */
function roiOf({ roi }: ChosenCamera, width: number, height: number): [number, number, number, number] {
  const [x, y, w, h]: Roi = roi === "default" ? defaultRoi(width, height) : roi;
  const short = (value: number): number => Math.round(value * 10_000) / 10_000;
  return [short(x), short(y), short(w), short(h)];
}
