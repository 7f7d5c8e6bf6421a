import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import * as z from "zod";
import {
  folded,
  GestureName,
  LONGEST_RECORDING_MS,
  OTHERS,
  type Recording,
  RecordingEnd,
  RecordingId,
  TAUGHT_MODEL,
  TeachState,
  type Training,
} from "../../src/teach/teach-api.ts";
import { type Api, ApiRefusal } from "../bus/api.ts";
import type { PageBus } from "../bus/page-bus.ts";
import type { KnownService } from "../live/services.ts";
import * as words from "../words.ts";
import { folderInForce, servingPatch } from "./models-in-force.ts";

/** Where something went wrong, so that it is said beside what was pressed. */
export type Place = "state" | "record" | "remove" | "train" | "use";

export interface TaughtGesture {
  readonly name: string;
  readonly pictures: number;
  /** Newest first. */
  readonly recordings: readonly Recording[];
}

/** A recording that was asked for here. */
export interface OwnRecording {
  readonly gesture: string;
  /** Ms since the epoch, by this browser. */
  readonly startedAt: number;
}

/** What a classifier serves as the taught model; undefined for none. */
export interface InUse {
  readonly id: string;
  readonly folder: string | undefined;
}

export interface TeachStoreOptions {
  readonly bus: Pick<PageBus, "topics" | "publish">;
  readonly api: Pick<Api, "ask">;
  readonly services: ReadonlySignal<readonly KnownService[]>;
}

const BUSY_MS = 500;
const IDLE_MS = 5000;
const FAILED_MS = 2000;
/** A classifier that has the folder serves it within some hundred ms. */
const TAKEN_MS = 10_000;

/** Whether a training is under way. */
export function isUnderWay(training: Training | undefined): boolean {
  return training !== undefined && !["done", "failed", "stopped"].includes(training.phase);
}

/** Gestures that are recorded, trained and used. It goes on when another view is open. */
export class TeachStore {
  /** The camera that was chosen to be shown to. */
  readonly camera = signal<string | undefined>(undefined);
  readonly state: ReadonlySignal<TeachState | undefined>;
  readonly recording: ReadonlySignal<OwnRecording | undefined>;
  readonly troubles: ReadonlySignal<Readonly<Partial<Record<Place, string>>>>;
  /** The folder that classifiers were told to serve and do not yet; null for none, undefined when nothing is awaited. */
  readonly awaited: ReadonlySignal<string | null | undefined>;
  /** In the order in which they were first shown, "others" last. */
  readonly gestures: ReadonlySignal<readonly TaughtGesture[]>;
  /** Of each classifier that is online. */
  readonly inUse: ReadonlySignal<readonly InUse[]>;

  readonly #options: TeachStoreOptions;
  readonly #state = signal<TeachState | undefined>(undefined);
  readonly #recording = signal<OwnRecording | undefined>(undefined);
  readonly #troubles = signal<Readonly<Partial<Record<Place, string>>>>({});
  readonly #awaited = signal<string | null | undefined>(undefined);
  /** The same, also when it has been said that they do not: a busy machine may still take it, and that is taken back then. */
  readonly #wanted = signal<string | null | undefined>(undefined);
  /** Named, and not recorded yet. */
  readonly #drafts = signal<readonly string[]>([]);
  #viewers = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #takenTimer: ReturnType<typeof setTimeout> | undefined;
  #longest: ReturnType<typeof setTimeout> | undefined;
  /** Counts the questions for the state, so that a late answer does not undo a newer one. */
  #asked = 0;
  /** Resolves with the id of the own recording; undefined when it was refused. */
  #begun: Promise<string | undefined> = Promise.resolve(undefined);
  #ending: OwnRecording | undefined;
  /** When the training before the one that was asked for here began; undefined when none was asked for. */
  #trainedBefore: { readonly startedAt: number | undefined } | undefined;

  constructor(options: TeachStoreOptions) {
    this.#options = options;
    this.state = this.#state;
    this.recording = this.#recording;
    this.troubles = this.#troubles;
    this.awaited = this.#awaited;
    this.gestures = computed(() => gesturesOf(this.#state.value?.recordings ?? [], this.#drafts.value));
    this.inUse = computed(() =>
      this.#classifiers(options.services.value).map(({ id, config }) => ({
        id,
        folder: folderInForce(config, TAUGHT_MODEL),
      })),
    );
    effect(() => {
      const wanted = this.#wanted.value;
      const now = this.inUse.value;
      if (wanted === undefined || now.length === 0 || now.some(({ folder }) => (folder ?? null) !== wanted)) return;
      this.#settleUse();
      this.#say("use", undefined);
    });
  }

  /** Looks at what the service says until the returned function is called. */
  open(): () => void {
    this.#viewers += 1;
    void this.refresh();
    return () => {
      this.#viewers -= 1;
    };
  }

  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    this.#asked += 1;
    const turn = this.#asked;
    const next = await this.#ask("state", () => this.#options.api.ask("GET", "teach", TeachState));
    if (turn !== this.#asked) return;
    if (next) this.#take(next);
    const busy = this.#recording.peek() || next?.running || isUnderWay(next?.training);
    const pause = busy ? BUSY_MS : IDLE_MS;
    if (this.#viewers > 0 || this.#trainedBefore || this.#recording.peek())
      this.#timer = setTimeout(() => void this.refresh(), next ? pause : FAILED_MS);
  }

  /** @returns why the name cannot be; undefined when it is in the list now */
  addGesture(typed: string): string | undefined {
    const name = GestureName.safeParse(typed);
    if (!name.success) return words.teach.badName(name.error.issues[0]?.message ?? "");
    const there = this.gestures.peek().find((one) => folded(one.name) === folded(name.data));
    if (there) return words.teach.nameThere(there.name);
    this.#drafts.value = [...this.#drafts.peek(), name.data];
    return undefined;
  }

  record(gesture: string, camera: string): void {
    if (this.#recording.peek()) return;
    const own = { gesture, startedAt: Date.now() };
    this.#recording.value = own;
    this.#begun = this.#ask("record", async () => {
      const answer = z.object({ id: RecordingId });
      return (await this.#options.api.ask("POST", "teach/recordings", answer, { gesture, camera })).id;
    });
    void this.#begun.then((id) => {
      if (id === undefined && this.#recording.peek() === own) this.#recording.value = undefined;
      void this.refresh();
    });
    this.#longest = setTimeout(() => void this.endRecording(), LONGEST_RECORDING_MS);
  }

  /** Twice is allowed, and before it has begun. */
  async endRecording(): Promise<void> {
    const own = this.#recording.peek();
    if (!own || this.#ending === own) return;
    clearTimeout(this.#longest);
    this.#ending = own;
    if ((await this.#begun) === undefined || this.#recording.peek() !== own) return;
    const answer = z.object({ ended: RecordingEnd.optional() });
    const end = await this.#ask("record", () => this.#options.api.ask("DELETE", "teach/recordings/running", answer));
    if (this.#recording.peek() === own) this.#recording.value = undefined;
    if (end?.ended?.error) this.#say("record", end.ended.error);
    await this.refresh();
  }

  async removePicture({ id }: Recording, picture: string): Promise<void> {
    await this.#remove(`recordings/${id}/${picture}`);
  }

  async removeRecording({ id, gesture }: Recording): Promise<void> {
    await this.#remove(`recordings/${id}?gesture=${encodeURIComponent(gesture)}`);
  }

  async removeGesture(gesture: string): Promise<void> {
    this.#drafts.value = this.#drafts.peek().filter((name) => name !== gesture);
    if (this.#state.peek()?.recordings.some((recording) => recording.gesture === gesture))
      await this.#remove(`gestures/${encodeURIComponent(gesture)}`);
  }

  /** What comes of it is used at once. */
  async train(): Promise<void> {
    this.#trainedBefore = { startedAt: this.#state.peek()?.training?.startedAt };
    const begun = await this.#ask("train", async () => {
      await this.#options.api.ask("POST", "teach/training", z.unknown());
      return true;
    });
    if (!begun) this.#trainedBefore = undefined;
    await this.refresh();
  }

  async stopTraining(): Promise<void> {
    await this.#ask("train", () => this.#options.api.ask("DELETE", "teach/training", z.unknown()));
    await this.refresh();
  }

  /** @param folder undefined to serve no taught model any more */
  async use(folder: string | undefined): Promise<void> {
    const { bus, services } = this.#options;
    const classifiers = this.#classifiers(services.peek());
    if (classifiers.length === 0) return this.#say("use", words.teach.noClassifier);
    this.#say("use", undefined);
    clearTimeout(this.#takenTimer);
    this.#takenTimer = setTimeout(() => {
      this.#awaited.value = undefined;
      this.#say("use", words.teach.notTaken(folder, this.#state.peek()?.folders.models ?? ""));
    }, TAKEN_MS);
    this.#awaited.value = folder ?? null;
    this.#wanted.value = folder ?? null;
    const sent = await Promise.all(
      classifiers.map(({ id, config }) =>
        bus.publish(bus.topics.serviceSet({ kind: "classifier", id }), servingPatch(config, TAUGHT_MODEL, folder)),
      ),
    );
    if (sent.every(Boolean)) return;
    this.#settleUse();
    this.#say("use", words.teach.notSent);
  }

  #settleUse(): void {
    clearTimeout(this.#takenTimer);
    this.#awaited.value = undefined;
    this.#wanted.value = undefined;
  }

  #classifiers(services: readonly KnownService[]): readonly KnownService[] {
    return services.filter(({ kind, online }) => kind === "classifier" && online);
  }

  #take(next: TeachState): void {
    const before = this.#state.peek();
    this.#state.value = next;
    this.#drafts.value = this.#drafts.peek().filter((name) => !next.recordings.some(({ gesture }) => gesture === name));
    this.#noticeEnd(next);
    const { training } = next;
    const asked = this.#trainedBefore && training?.startedAt !== this.#trainedBefore.startedAt;
    if (!training || isUnderWay(training) || !(asked || isUnderWay(before?.training))) return;
    this.#trainedBefore = undefined;
    if (training.phase === "done" && training.folder) void this.use(training.folder);
  }

  /** A recording may end before the hand lets go: its time is up, its disk is full, its camera is silent. */
  #noticeEnd({ ended, running }: TeachState): void {
    const own = this.#recording.peek();
    if (!own || !ended || running) return;
    void this.#begun.then((id) => {
      if (ended.id !== id || this.#recording.peek() !== own) return;
      clearTimeout(this.#longest);
      this.#recording.value = undefined;
      if (ended.error) this.#say("record", ended.error);
    });
  }

  async #remove(path: string): Promise<void> {
    await this.#ask("remove", () => this.#options.api.ask("DELETE", `teach/${path}`, z.unknown()));
    await this.refresh();
  }

  /** @returns undefined when it was refused, and said so at its place */
  async #ask<T>(place: Place, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      const answer = await ask();
      this.#say(place, undefined);
      return answer;
    } catch (error) {
      this.#say(place, inWords(error));
      return undefined;
    }
  }

  #say(place: Place, text: string | undefined): void {
    const { [place]: before, ...others } = this.#troubles.peek();
    if (before !== text) this.#troubles.value = text === undefined ? others : { ...others, [place]: text };
  }
}

function inWords(error: unknown): string {
  if (!(error instanceof ApiRefusal)) return words.teach.badAnswer;
  if (error.status === 0) return words.teach.noAnswer;
  return error.status === 401 ? words.teach.notAllowed(error.message) : error.message;
}

function gesturesOf(recordings: readonly Recording[], drafts: readonly string[]): readonly TaughtGesture[] {
  const names = new Set([...recordings.map(({ gesture }) => gesture), ...drafts]);
  names.delete(OTHERS);
  return [...names, OTHERS].map((name) => {
    const own = recordings.filter(({ gesture }) => gesture === name).reverse();
    return { name, recordings: own, pictures: own.reduce((sum, { pictures }) => sum + pictures.length, 0) };
  });
}
