import { type FileHandle, mkdir, open, truncate, unlink } from "node:fs/promises";
import { ServiceFailure } from "@beckon/runtime";
import { fileReason } from "../file-reason.ts";
import type { Point } from "../point.ts";
import { lockFolder } from "./lock.ts";
import { type Position, readPosition, type TimeRange, writePosition } from "./position.ts";
import { decodePoint, type Entry, encodeRecords, recordFrom } from "./record.ts";
import { findSegments, readSegment, recordsAfter, type Segment, segmentHeader, segmentPath } from "./segment.ts";
import { Tail } from "./tail.ts";

export interface SpoolOptions {
  readonly folder: string;
  /** Bytes on disk; beyond them the oldest points are dropped. */
  readonly maxSize: number;
  /** Ms; points that waited for longer are dropped. */
  readonly maxAge: number;
  /** Ms until a point is on disk: what a crash costs at most. */
  readonly syncInterval: number;
  /** Most points that wait in memory, which is what they do while the disk takes none. */
  readonly maxInMemory: number;
  /** Told of every point that will not be delivered, and why. */
  readonly dropped: (reason: Loss, points: number) => void;
  readonly log: { info(message: string): void; warn(message: string): void };
  /** Ms since the epoch. */
  readonly now?: () => number;
}

/**
 * `overflow`: more waited than there is room for. `expired`: waited for too long. `corrupt`: could no longer be read.
 * `unwritten`: the service ended while the disk took nothing.
 */
export type Loss = "overflow" | "expired" | "corrupt" | "unwritten";

/** Reading, writing and dropping happen in parts of this size, bytes. */
const SEGMENT_BYTES = 4_000_000;
/** Where little is allowed, dropping a part must leave most. */
const MIN_SEGMENTS = 16;
const MIN_SEGMENT_BYTES = 65_536;
/** A segment is closed after this share of the age, so that age is judged about as finely. */
const AGE_PARTS = 168;
/** A disk that took nothing is tried again after so long, ms. */
const RETRY_MS = 5000;
const NOTHING = Buffer.alloc(0);
/** Points are made into bytes so many at a time, so that nothing else waits for long. */
const ENCODED_AT_ONCE = 2000;

/** What is appended to. */
interface Active {
  readonly file: FileHandle;
  readonly segment: Segment;
}

/**
 * Points between the bus and the database, on disk: append-only segments of checksummed records, and beside them how far
 * they were delivered. What is not on disk yet, or cannot be, waits in memory and is delivered all the same.
 */
export class Spool {
  readonly #options: Required<SpoolOptions>;
  readonly #segmentBytes: number;
  readonly #tail: Tail;
  #segments: Segment[] = [];
  #position: Position = { acknowledged: 0 };
  #positionSaved = true;
  /** The number of the newest point. */
  #newest = 0;
  /** The number of the newest point that was taken for delivery. */
  #taken = 0;
  #inFlight: readonly Entry[] = [];
  /** The last ones of them, which are not on disk. */
  #inFlightUnwritten: readonly Entry[] = [];
  #active: Active | undefined;
  #reading:
    | { readonly segment: Segment; readonly bytes: Buffer; readonly base: number; readonly at: number }
    | undefined;
  /** Points on disk that were not taken yet. */
  #onDisk = 0;
  #failing = false;
  #queue: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #unlock: (() => Promise<void>) | undefined;
  #closed = false;

  private constructor(options: SpoolOptions) {
    this.#options = { now: Date.now, ...options };
    this.#segmentBytes = Math.max(MIN_SEGMENT_BYTES, Math.min(SEGMENT_BYTES, options.maxSize / MIN_SEGMENTS));
    this.#tail = new Tail(options.maxInMemory, (points) => options.dropped("overflow", points));
  }

  /**
   * Opens what an earlier life left, or begins anew. A folder that cannot be written to is told once; points then wait in
   * memory, and the folder is tried again.
   *
   * @param whenRefused told why the system does not let us write there
   * @throws ServiceFailure for a spool of another version, or one that another process uses
   */
  static async open(options: SpoolOptions, whenRefused?: (reason: string) => void): Promise<Spool> {
    const spool = new Spool(options);
    try {
      await mkdir(options.folder, { recursive: true, mode: 0o700 });
      spool.#unlock = await lockFolder(options.folder);
    } catch (error) {
      if (error instanceof ServiceFailure) throw error;
      whenRefused?.(fileReason(error));
      spool.#diskFailed(error);
    }
    await spool.#recover().catch(async (error: unknown) => {
      if (!(error instanceof ServiceFailure)) return spool.#diskFailed(error);
      await spool.#unlock?.();
      throw error;
    });
    return spool;
  }

  get folder(): string {
    return this.#options.folder;
  }

  /** Points that the database does not have yet. */
  get waiting(): number {
    return this.#onDisk + this.#tail.size + this.#inFlight.length;
  }

  /** Bytes on disk. */
  get size(): number {
    return this.#segments.reduce((sum, { size }) => sum + size, 0);
  }

  /** What is still to be downsampled; survives a restart. */
  get replayed(): TimeRange | undefined {
    return this.#position.replayed;
  }

  set replayed(range: TimeRange | undefined) {
    const { acknowledged } = this.#position;
    this.#position = { acknowledged, ...(range && { replayed: range }) };
    this.#positionChanged();
  }

  append(points: readonly Point[]): void {
    for (const point of points) this.#tail.push({ seq: ++this.#newest, point });
    this.#schedule(this.#options.syncInterval);
  }

  /** The oldest points, which are then in flight until `acknowledge`: the same ones are given until then. */
  take(most: number): Promise<readonly Point[]> {
    return this.#alone(async () => {
      if (this.#inFlight.length === 0) {
        // In order: what is on disk is older than whatever is not.
        const stored = await this.#takeStored(most);
        this.#inFlightUnwritten = this.#tail.take(most - stored.length);
        this.#inFlight = [...stored, ...this.#inFlightUnwritten];
        this.#taken = this.#inFlight.at(-1)?.seq ?? this.#taken;
      }
      return this.#inFlight.map(({ point }) => point);
    });
  }

  /** What is in flight has arrived. */
  acknowledge(): Promise<void> {
    return this.#alone(async () => {
      const last = this.#inFlight.at(-1);
      if (!last) return;
      this.#inFlight = [];
      this.#inFlightUnwritten = [];
      this.#position = { ...this.#position, acknowledged: last.seq };
      this.#positionChanged();
      for (const segment of this.#segments.filter((each) => each.last <= last.seq && each !== this.#active?.segment))
        await this.#remove(segment);
    });
  }

  /** Everything is on disk afterwards, or was told to be impossible. */
  sync(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#alone(() => this.#sync());
  }

  /** What waits stays on disk; what could not be brought there is lost, and counted. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.sync();
    await this.#seal();
    const lost = this.#tail.size + this.#inFlightUnwritten.length;
    if (lost > 0) this.#options.dropped("unwritten", lost);
    await this.#unlock?.();
  }

  /** One at a time: what reads, writes and removes files must not meet. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #recover(): Promise<void> {
    const { folder, log, dropped } = this.#options;
    const { position, damaged } = await readPosition(folder);
    if (damaged)
      log.warn(`${folder}/position.json is damaged: all of the spool is written again, which adds nothing twice`);
    this.#position = position;
    const { segments, damages } = await findSegments(folder);
    for (const { path, points } of damages) {
      log.warn(`${path} is damaged: ${points} points of it cannot be read and are lost; the others are kept`);
      dropped("corrupt", points);
    }
    this.#segments = segments;
    this.#taken = position.acknowledged;
    this.#newest = Math.max(position.acknowledged, segments.at(-1)?.last ?? 0);
    for (const segment of segments.filter(({ last }) => last <= this.#taken)) await this.#remove(segment);
    for (const segment of this.#segments) this.#onDisk += await recordsAfter(segment, this.#taken);
    await this.#dropOld();
    if (this.#onDisk > 0) log.info(`${this.#onDisk} points wait in the spool ${folder}`);
  }

  async #takeStored(most: number): Promise<Entry[]> {
    const entries: Entry[] = [];
    for (const segment of [...this.#segments]) {
      if (segment.last <= this.#taken) continue;
      try {
        await this.#readInto(entries, segment, most);
      } catch (error) {
        this.#options.log.warn(`${segment.path} cannot be read: ${fileReason(error)}; its points are lost`);
        await this.#remove(segment);
      }
      if (entries.length >= most) break;
    }
    this.#onDisk -= entries.length;
    if (entries.length < most) this.#settle();
    return entries;
  }

  async #readInto(entries: Entry[], segment: Segment, most: number): Promise<void> {
    if (this.#reading?.segment !== segment) this.#reading = { segment, bytes: NOTHING, base: 0, at: 0 };
    const reading = this.#reading;
    if (reading.base + reading.bytes.length < segment.size) {
      const base = reading.base + reading.at;
      this.#reading = { segment, bytes: await readSegment(segment, base), base, at: 0 };
    }
    const { bytes, base } = this.#reading;
    let { at } = this.#reading;
    while (entries.length < most) {
      const record = recordFrom(bytes, at);
      if (!record) {
        this.#reading = { segment, bytes: NOTHING, base: base + at, at: 0 };
        return;
      }
      at = record.end;
      if (record.seq > this.#taken) entries.push({ seq: record.seq, point: decodePoint(record.payload) });
    }
    this.#reading = { segment, bytes, base, at };
  }

  /** All segments were read to their ends; what is still counted went bad since it was. */
  #settle(): void {
    if (this.#onDisk > 0) this.#options.dropped("corrupt", this.#onDisk);
    this.#onDisk = 0;
  }

  async #sync(): Promise<void> {
    await this.#dropOld();
    const fresh = this.#tail.take(Number.POSITIVE_INFINITY);
    try {
      if (this.#inFlightUnwritten.length > 0) await this.#write(this.#inFlightUnwritten);
      this.#inFlightUnwritten = [];
      while (fresh.length > 0) {
        const part = fresh.slice(0, ENCODED_AT_ONCE);
        await this.#write(part);
        fresh.splice(0, part.length);
      }
      if (!this.#positionSaved) await writePosition(this.#options.folder, this.#position);
      this.#positionSaved = true;
      await this.#active?.file.datasync();
      this.#diskWorks();
    } catch (error) {
      this.#tail.putBack(fresh);
      await this.#abandon();
      this.#diskFailed(error);
    }
  }

  /** To the newest segment; after a failure it is as it was before. */
  async #write(entries: readonly Entry[]): Promise<void> {
    const bytes = encodeRecords(entries);
    await this.#makeRoom(bytes.length);
    const { file, segment } = await this.#segmentFor(entries[0]?.seq ?? 0, bytes.length);
    await writeAll(file, bytes, segment.size);
    segment.size += bytes.length;
    segment.records += entries.length;
    segment.last = entries.at(-1)?.seq ?? segment.last;
    this.#onDisk += entries.filter(({ seq }) => seq > this.#taken).length;
  }

  async #segmentFor(first: number, bytes: number): Promise<Active> {
    const { folder, maxAge, now } = this.#options;
    const at = now();
    const { segment } = this.#active ?? {};
    if (segment && (segment.size + bytes > this.#segmentBytes || at - segment.createdAt > maxAge / AGE_PARTS))
      await this.#seal();
    if (this.#active) return this.#active;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = segmentPath(folder, first);
    const file = await open(path, "wx", 0o600);
    const header = segmentHeader(at);
    const begun: Segment = { path, first, createdAt: at, last: first - 1, records: 0, size: header.length };
    this.#segments.push(begun);
    this.#active = { file, segment: begun };
    await writeAll(file, header, 0);
    await syncFolder(folder);
    return this.#active;
  }

  /** Nothing more is appended to the newest segment. */
  async #seal(): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    if (!active) return;
    await active.file.datasync().catch((error: unknown) => this.#diskFailed(error));
    await active.file.close().catch(() => undefined);
    if (active.segment.last <= this.#position.acknowledged) await this.#remove(active.segment);
  }

  /** What was half written is cut off again, and the next write begins a segment of its own. */
  async #abandon(): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    if (!active) return;
    await active.file.close().catch(() => undefined);
    if (active.segment.records === 0) await this.#remove(active.segment);
    else await truncate(active.segment.path, active.segment.size).catch(() => undefined);
  }

  async #makeRoom(bytes: number): Promise<void> {
    while (this.#segments.length > 0 && this.size + bytes > this.#options.maxSize) await this.#dropOldest("overflow");
  }

  async #dropOld(): Promise<void> {
    const { maxAge, now } = this.#options;
    const isOld = ({ createdAt }: Segment): boolean => now() - createdAt > maxAge + maxAge / AGE_PARTS;
    while (this.#segments[0] && isOld(this.#segments[0])) await this.#dropOldest("expired");
  }

  /** Points in flight are in memory and go on. */
  async #dropOldest(reason: Loss): Promise<void> {
    const [segment] = this.#segments;
    if (!segment) return;
    if (segment === this.#active?.segment) await this.#seal();
    if (!this.#segments.includes(segment)) return;
    const lost = await recordsAfter(segment, this.#taken).catch(() => segment.records);
    this.#onDisk -= lost;
    if (lost > 0) this.#options.dropped(reason, lost);
    await this.#remove(segment);
  }

  async #remove(segment: Segment): Promise<void> {
    this.#segments = this.#segments.filter((each) => each !== segment);
    if (this.#reading?.segment === segment) this.#reading = undefined;
    await unlink(segment.path).catch(() => undefined);
  }

  #positionChanged(): void {
    this.#positionSaved = false;
    this.#schedule(this.#options.syncInterval);
  }

  #schedule(ms: number): void {
    if (this.#timer || this.#closed) return;
    this.#timer = setTimeout(() => void this.sync(), this.#failing ? Math.max(ms, RETRY_MS) : ms);
  }

  #diskFailed(error: unknown): void {
    const { folder, maxInMemory, log } = this.#options;
    if (!this.#failing)
      log.warn(
        `the spool ${folder} cannot be written: ${fileReason(error)}; points wait in memory, ${maxInMemory} at most, until it can`,
      );
    this.#failing = true;
    this.#schedule(RETRY_MS);
  }

  #diskWorks(): void {
    if (this.#failing) this.#options.log.info(`the spool ${this.folder} is written again`);
    this.#failing = false;
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let written = 0; written < bytes.length; )
    written += (await file.write(bytes, written, bytes.length - written, at + written)).bytesWritten;
}

/** So that the name of a new file outlives a power cut, too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
