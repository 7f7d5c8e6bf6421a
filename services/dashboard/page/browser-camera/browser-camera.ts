import { Name, type Roi } from "@beckon/protocol";
import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { LocalRoi } from "../app.ts";
import type { PageBus } from "../bus/page-bus.ts";
import { defaultRoi } from "../roi/roi-geometry.ts";
import type { CameraDevice, CameraPlatform } from "./camera-platform.ts";
import type { CameraSettings } from "./camera-settings.ts";
import { type CameraTrouble, troubleOf } from "./camera-trouble.ts";
import { FrameSender, type Picture } from "./frame-sender.ts";
import { othersUse } from "./name-check.ts";
import type { Viewfinder } from "./viewfinder.ts";

/**
 * `asking`: for the device, and the user for her leave. `checking`: whether the name is free. `paused`: the page is hidden,
 * and the device closed; it goes on by itself when the page is seen again.
 */
export type CameraStatus = "off" | "asking" | "checking" | "on" | "paused";

export interface BrowserCameraOptions {
  readonly bus: Pick<PageBus, "topics" | "connection" | "backlog" | "publish" | "subscribe">;
  readonly settings: CameraSettings;
  readonly platform: CameraPlatform;
  /** Set while frames are sent. */
  readonly localRoi: Signal<LocalRoi | undefined>;
}

/** Frames that went out and did not come back from the broker by then are not let through, in ms. */
const UNHEARD_MS = 5000;

/** This browser as a camera of the system. It lives as long as the page, whichever view is open. */
export class BrowserCamera {
  readonly settings: CameraSettings;
  readonly #options: BrowserCameraOptions;
  readonly #status = signal<CameraStatus>("off");
  readonly #trouble = signal<CameraTrouble | undefined>(undefined);
  readonly #stream = signal<MediaStream | undefined>(undefined);
  readonly #sender = signal<FrameSender | undefined>(undefined);
  readonly #size = signal({ width: 640, height: 480 });
  readonly #devices = signal<readonly CameraDevice[]>([]);
  readonly #ownBoots = new Set<string>();
  /** What to undo when it stops, or the device is changed. */
  #viewfinder: Viewfinder | undefined;
  #undo: (() => void)[] = [];
  /** Counts up at each start and stop, so that an answer to an older one is seen to be late. */
  #turn = 0;

  readonly roi: ReadonlySignal<Roi> = computed(() => {
    const { width, height } = this.#size.value;
    return this.settings.roi.value ?? defaultRoi(width, height);
  });

  constructor(options: BrowserCameraOptions) {
    this.#options = options;
    this.settings = options.settings;
    effect(() => {
      const hidden = options.platform.hidden.value;
      const status = this.#status.peek();
      if (hidden && (status === "on" || status === "checking")) this.#pause();
      else if (!hidden && status === "paused") {
        this.#status.value = "off";
        void this.start();
      }
    });
  }

  get status(): ReadonlySignal<CameraStatus> {
    return this.#status;
  }
  get trouble(): ReadonlySignal<CameraTrouble | undefined> {
    return this.#trouble;
  }
  /** For the preview; from the user's leave until it stops. */
  get stream(): ReadonlySignal<MediaStream | undefined> {
    return this.#stream;
  }
  /** Counts; while frames are sent. */
  get sender(): ReadonlySignal<Pick<FrameSender, "sent" | "skipped"> | undefined> {
    return this.#sender;
  }
  get size(): ReadonlySignal<{ readonly width: number; readonly height: number }> {
    return this.#size;
  }
  /** Known once the user has given her leave. */
  get devices(): ReadonlySignal<readonly CameraDevice[]> {
    return this.#devices;
  }

  /** What fails is said by `trouble`. */
  async start(): Promise<void> {
    if (this.#status.peek() !== "off") return;
    const camera = this.settings.name.peek();
    const name = Name.safeParse(camera);
    this.#trouble.value = undefined;
    if (!name.success) return this.#fail({ kind: "name", detail: name.error.issues[0]?.message ?? "" });
    const { bus, platform } = this.#options;
    if (!platform.available) return this.#fail({ kind: "insecure" });
    this.#status.value = "asking";
    this.#turn += 1;
    const turn = this.#turn;
    if (!(await this.#open(turn))) return;
    // Not before: a page may be hidden by the question itself.
    if (platform.hidden.peek()) return this.#pause();
    this.#status.value = "checking";
    const check = othersUse(bus, camera, this.#ownBoots);
    this.#undo.push(check.cancel);
    const taken = await check.answer;
    if (turn !== this.#turn) return;
    if (taken) {
      this.stop();
      return this.#fail({ kind: "taken" });
    }
    this.#send(camera);
  }

  stop(): void {
    this.#close();
    this.#status.value = "off";
  }

  /** @param device as in the settings; changes at once when it runs */
  async choose(device: string): Promise<void> {
    this.settings.device.value = device;
    // One that is being opened gives way by itself.
    if (!this.#viewfinder) return;
    this.#viewfinder.close();
    this.#viewfinder = undefined;
    await this.#open(this.#turn);
  }

  #fail(trouble: CameraTrouble): void {
    this.#trouble.value = trouble;
  }

  /** @returns whether the device that is chosen is open and still wanted */
  async #open(turn: number): Promise<boolean> {
    const { platform, settings } = this.#options;
    const device = settings.device.peek();
    const failed = (trouble: CameraTrouble): undefined => {
      if (turn !== this.#turn || device !== settings.device.peek()) return;
      this.stop();
      this.#fail(trouble);
    };
    const opened = await platform
      .open(device, { picture: (picture) => this.#see(picture), ended: () => failed({ kind: "ended" }) })
      .catch((error: unknown) => failed(troubleOf(error)));
    if (turn !== this.#turn) {
      opened?.close();
      return false;
    }
    if (!opened || device !== settings.device.peek()) {
      opened?.close();
      return this.#open(turn);
    }
    this.#viewfinder = opened;
    this.#stream.value = opened.stream;
    this.#devices.value = await platform.devices().catch(() => []);
    return turn === this.#turn;
  }

  #see(picture: Picture): void {
    const { width, height } = this.#size.peek();
    if (picture.width !== width || picture.height !== height)
      this.#size.value = { width: picture.width, height: picture.height };
    void this.#sender.peek()?.offer(picture);
  }

  #send(camera: string): void {
    const { bus, platform, localRoi } = this.#options;
    const sender = new FrameSender({
      bus,
      camera,
      fps: () => this.settings.fps.peek(),
      roi: () => this.roi.peek(),
    });
    this.#ownBoots.add(sender.boot);
    this.#sender.value = sender;
    localRoi.value = {
      camera,
      set: (roi) => {
        this.settings.roi.value = roi;
      },
    };
    this.#undo.push(platform.stayAwake(), this.#listenForOwn(camera, sender));
    this.#status.value = "on";
  }

  /** The page's service, or the broker, may refuse frames of this name without a word: they are not heard then. */
  #listenForOwn(camera: string, { boot, sent }: FrameSender): () => void {
    const { bus } = this.#options;
    const timer = setInterval(() => {
      if (sent.peek() > 1 && bus.connection.peek().status === "online") this.#fail({ kind: "unheard" });
    }, UNHEARD_MS);
    const silence = bus.subscribe(bus.topics.frame({ camera }), ({ value }) => {
      if (value.envelope?.boot !== boot) return;
      end();
      if (this.#trouble.peek()?.kind === "unheard") this.#trouble.value = undefined;
    });
    const end = (): void => {
      clearInterval(timer);
      silence();
    };
    return end;
  }

  #pause(): void {
    this.#close();
    this.#status.value = "paused";
  }

  #close(): void {
    this.#turn += 1;
    for (const undo of this.#undo.splice(0)) undo();
    this.#viewfinder?.close();
    this.#viewfinder = undefined;
    this.#stream.value = undefined;
    this.#sender.value = undefined;
    this.#options.localRoi.value = undefined;
  }
}
