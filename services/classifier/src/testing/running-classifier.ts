import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBoot, createTopics, type Figures, type Frame, type Result, type Settings } from "@beckon/protocol";
import { applySettings, type Bus, createMemoryBus, MemoryHub, now, type ServiceContext, Stats } from "@beckon/runtime";
import { noVisits } from "@beckon/runtime/testing";
import type { z } from "zod";
import { runClassifier, type Stagehands } from "../classifier.ts";
import { ClassifierConfig } from "../config.ts";

export const topics = createTopics();

/** A classifier on a bus in memory, what it publishes, and a camera for it. */
export interface RunningClassifier {
  readonly results: readonly Result[];
  readonly log: readonly string[];
  readonly stats: Stats;
  /** Resolves when the service says that it runs. */
  readonly ready: Promise<void>;
  /** Resolves or rejects as the service ends. */
  readonly ended: Promise<void>;
  send(camera: string, frame: Frame): Promise<void>;
  /** What `/set` does. */
  change(patch: Settings): Promise<void>;
  /** Waits until something holds, for 60 s at most. */
  until(holds: () => boolean, what: string): Promise<void>;
  /** The figures of one model; the latencies begin anew. */
  figures(model: string): Figures;
  stop(): Promise<void>;
}

export function startClassifier(
  section: z.input<typeof ClassifierConfig>,
  hands: Stagehands = {},
  hub = new MemoryHub(),
  changedBus: Partial<Bus> = {},
): RunningClassifier {
  const stats = new Stats();
  const bus = createMemoryBus(hub, stats);
  const outside = createMemoryBus(hub, new Stats());
  const stopping = new AbortController();
  let config = ClassifierConfig.parse(section);
  const log: string[] = [];
  const results: Result[] = [];
  const changes: ((config: ClassifierConfig) => void | Promise<void>)[] = [];
  const write =
    (level: string) =>
    (...line: unknown[]) =>
      log.push(`${level} ${line.at(-1)}`);
  let ready = (): void => {};
  const readiness = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const context: ServiceContext<ClassifierConfig> = {
    config,
    id: "test",
    boot: createBoot(now()),
    bus: { ...bus, ...changedBus },
    topics,
    log: { debug: () => {}, info: write("info"), warn: write("warn") } as unknown as ServiceContext<unknown>["log"],
    stats,
    signal: stopping.signal,
    visit: noVisits,
    onChange: (listener) => changes.push(listener),
    ready: () => ready(),
  };
  const collecting = (async () => {
    for await (const { value } of outside.subscribe(topics.result.matching(), { signal: stopping.signal }))
      results.push(value);
  })();
  const ended = runClassifier(context, hands);
  // A test that waits for it hears of it; where none does, it must not end the process.
  ended.catch(() => undefined);
  return {
    results,
    log,
    stats,
    ready: readiness,
    ended,
    send: async (camera, frame) => {
      await outside.publish(topics.frame({ camera }), frame);
    },
    change: async (patch) => {
      const next = applySettings(ClassifierConfig, config, patch);
      for (const listener of changes) await listener(next);
      config = next;
    },
    until: (holds, what) => until(holds, `${what}; the log: ${log.join(" | ")}`),
    figures: (model) => stats.part(model).take(),
    stop: async () => {
      stopping.abort();
      await Promise.all([ended, collecting]);
    },
  };
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = now() + 60_000;
  while (!holds()) {
    if (now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What the books of a model say, as one line of an account. */
export function account({ counters, drops, gauges }: Figures): { received: number; accounted: number; inHand: number } {
  const inHand = gauges["inHand"] ?? 0;
  const dropped = Object.values(drops).reduce((sum, count) => sum + count, 0);
  return { received: counters["received"] ?? 0, accounted: (counters["results"] ?? 0) + dropped + inHand, inHand };
}

/** A folder that is gone after the test. */
export async function temporaryFolder(onFinished: (clean: () => Promise<void>) => void): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "beckon-classifier-"));
  onFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A camera that stamps its frames as ours do. */
export function camera(startedAt = now()) {
  const boot = createBoot(startedAt);
  let seq = 0;
  return {
    boot,
    /** @param stamp what is to be other than the next in order and of now */
    frame: (jpeg: Uint8Array, stamp: Partial<NonNullable<Frame["envelope"]>> = {}): Frame => ({
      jpeg,
      envelope: { seq: seq++, boot, at: now(), width: 40, height: 30, ...stamp },
    }),
  };
}
