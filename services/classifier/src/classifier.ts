import { latest, type ServiceContext, ServiceFailure, SubscriptionRefused, throttled } from "@beckon/runtime";
import { Books } from "./books.ts";
import { watchBundles } from "./bundle-watch.ts";
import { type ClassifierConfig, threadRange } from "./config.ts";
import { Desk } from "./desk.ts";
import { frameTopics } from "./frame-topics.ts";
import { checkThresholds, Lineup, loadModels, type ServedModel } from "./lineup.ts";
import { findModels } from "./model-folders.ts";

/** What tests put in the place of what takes too long to wait for. */
export interface Stagehands {
  /** The file of the worker threads. */
  readonly entry?: URL;
  /** How often bundles are looked at, in ms. */
  readonly watchEvery?: number;
}

/** @throws ServiceFailure when it cannot begin: no such model, no such engine, not allowed to subscribe */
export async function runClassifier(context: ServiceContext<ClassifierConfig>, hands: Stagehands = {}): Promise<void> {
  const { bus, topics, config, log, stats } = context;
  const settings = { config };
  const books = new Books(stats);
  const warnings = throttled(log);
  const lineup = await Lineup.open(findModels(config), {
    ...threadRange(config.workers),
    engine: config.engine,
    timeout: config.timeout,
    entry: hands.entry,
    thresholds: () => settings.config.thresholds,
    trouble: (message) => warnings.warn("thread", message),
    changed: (models) => {
      books.serve([...models.keys()]);
      stats.fact("models", described(models).slice(0, 200));
      log.info(`classifying with ${described(models)}`);
    },
  });
  const desk = new Desk({ bus, topics, settings, lineup, books, warnings });
  context.onChange((next) => changeSettings(settings, next, lineup));

  const { end, fail, failure } = endOf(context.signal);
  end.addEventListener("abort", () => lineup.close().catch(fail), { once: true });
  const watching = watchBundles(lineup, log, end, hands.watchEvery).catch(fail);
  const frames = bus.subscribe(frameTopics(topics, config), {
    signal: end,
    refused: ({ reason }) => desk.refuse(reason),
  });
  frames.granted.then(() => context.ready()).catch((error: unknown) => fail(unsubscribed(error)));
  try {
    for await (const frame of latest(desk.timely(frames), { superseded: (old) => desk.supersede(old) })) {
      desk.classify(frame);
      // The next frame is taken when a thread has time for it: until then newer ones take its place.
      await lineup.vacancy();
    }
  } catch (error) {
    fail(error);
  } finally {
    fail();
    await watching;
    await lineup.close();
    await desk.cleared();
  }
  const [reason] = failure;
  if (reason !== undefined) throw reason;
}

/** @throws ServiceFailure when its models cannot be had, such as one that was taught and is gone */
export async function checkModels(config: ClassifierConfig): Promise<void> {
  await loadModels(findModels(config), { thresholds: () => config.thresholds });
}

/** The end of the service: when it must stop, or when something failed that cannot come back. */
function endOf(signal: AbortSignal): { end: AbortSignal; fail: (error?: unknown) => void; failure: unknown[] } {
  const failing = new AbortController();
  const failure: unknown[] = [];
  const fail = (error?: unknown): void => {
    if (error !== undefined) failure.push(error);
    failing.abort();
  };
  return { end: AbortSignal.any([signal, failing.signal]), fail, failure };
}

/** Everything that `/set` may change; only other models take time. */
async function changeSettings(
  settings: { config: ClassifierConfig },
  next: ClassifierConfig,
  lineup: Lineup,
): Promise<void> {
  const before = settings.config;
  for (const [name, { bundle }] of lineup.models) checkThresholds(name, next.thresholds[name], bundle.labels);
  settings.config = next;
  try {
    if (JSON.stringify(next.models) !== JSON.stringify(before.models)) await lineup.replace(findModels(next));
  } catch (error) {
    settings.config = before;
    throw error;
  }
}

function described(models: ReadonlyMap<string, ServedModel>): string {
  return [...models.values()]
    .map(({ name, bundle, engine }) => `${name} ${bundle.card.version} on ${engine}`)
    .join(", ");
}

function unsubscribed(error: unknown): unknown {
  return error instanceof SubscriptionRefused
    ? new ServiceFailure(`classifier: ${error.message}`, { cause: error })
    : error;
}
