import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createInfluxWriter, Delivery, type Influxd, Spool, startInfluxd } from "@beckon/metrics-sink/testing";
import { Stats } from "@beckon/runtime";
import { type Bench, BenchFailure } from "../../bench/bench.ts";
import { type ChaosBar, outcome } from "../scenario.ts";

const RATE = 30;
const MINUTES = 10;
const STEP_S = 5;
const STEPS = (MINUTES * 60) / STEP_S;
const POINTS = RATE * MINUTES * 60;
/** Real time of a step, ms: the waiting is simulated, what is sent is not. */
const STEP_MS = 40;
const PACE = STEP_MS / (STEP_S * 1000);
const TIMEOUT_MS = 200;
const PATIENCE_MS = 60_000;

type Fault = (incoming: IncomingMessage, response: ServerResponse) => void;

/** What a database, or what stands before it, does when it is not well. */
const FAULTS: Readonly<Record<string, Fault | "refused">> = {
  refused: "refused",
  "503": (_, response) => response.writeHead(503).end(),
  hanging: () => {},
  // It writes them, and says so too late.
  slow: (incoming, response) => {
    const held = response.end.bind(response);
    response.end = ((...args: Parameters<typeof held>) => {
      setTimeout(() => held(...args), TIMEOUT_MS * 2);
      return response;
    }) as typeof response.end;
    forward(incoming, response);
  },
  "half-closed": (incoming, response) => {
    response.writeHead(200, { "Content-Length": 2 }).flushHeaders();
    incoming.socket.end();
  },
};

let target = 0;

function forward(incoming: IncomingMessage, response: ServerResponse): void {
  const { method, headers, url } = incoming;
  const onward = request({ host: "127.0.0.1", port: target, method, headers, path: url }, (answer) => {
    const parts: Buffer[] = [];
    answer.on("data", (part: Buffer) => parts.push(part));
    answer.on("end", () => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      response.end(Buffer.concat(parts));
    });
  });
  onward.on("error", () => response.destroy());
  incoming.pipe(onward);
}

/** Ten minutes at 30 points a second, six of them an outage of each kind, and all points afterwards. */
export async function measureOutages({ folder, signal }: Bench): Promise<ChaosBar[]> {
  const influxd = await startInfluxd();
  target = Number(new URL(influxd.url).port);
  try {
    const bars: ChaosBar[] = [];
    for (const [kind, fault] of Object.entries(FAULTS)) {
      signal.throwIfAborted();
      bars.push(await measureOutage(kind, fault, join(folder, `outage-${kind}`), influxd));
    }
    return bars;
  } finally {
    await influxd.stop();
  }
}

async function measureOutage(
  kind: string,
  fault: Fault | "refused",
  folder: string,
  influxd: Influxd,
): Promise<ChaosBar> {
  let faulty = false;
  const server = createServer((incoming, response) => {
    if (faulty && fault !== "refused") fault(incoming, response);
    else forward(incoming, response);
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve()));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const end = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  const database = `outage-${kind}`;
  const stats = new Stats();
  const log = { info: () => {}, warn: () => {} };
  const rawRetention = 7 * 86_400_000;
  const writer = createInfluxWriter({
    ...{ url: `http://127.0.0.1:${port}`, database, timeout: TIMEOUT_MS, rawRetention, log },
  });
  const dropped = (reason: string, points: number): void => stats.drop(reason, points);
  const bounds = { maxSize: 1e8, maxAge: rawRetention, syncInterval: STEP_MS, maxInMemory: 20_000 };
  const spool = await Spool.open({ folder, ...bounds, dropped, log });
  const timing = { batch: 500, flushInterval: STEP_MS, pace: PACE };
  const delivery = new Delivery({ writer, spool, rawRetention, stats, log, ...timing });
  const stopping = new AbortController();
  const running = delivery.run(stopping.signal);
  // It all lies so far back that the database's own downsampling does not see it.
  const first = Math.floor(Date.now() / 60_000) * 60_000 - 40 * 60_000;
  for (let step = 0; step < STEPS; step++) {
    const wasFaulty: boolean = faulty;
    faulty = step >= STEPS * 0.2 && step < STEPS * 0.8;
    if (fault === "refused" && faulty !== wasFaulty) await (faulty ? end() : listen(port));
    spool.append(Array.from({ length: RATE * STEP_S }, (_, index) => resultOf(first, step * RATE * STEP_S + index)));
    delivery.added();
    await sleep(STEP_MS);
  }
  const patience = performance.now() + PATIENCE_MS;
  while ((spool.waiting > 0 || spool.replayed) && performance.now() < patience) await sleep(STEP_MS);
  const count = async (query: string): Promise<number> =>
    Number((await influxd.rows(query, database))[0]?.["points"] ?? 0);
  const raw = await count("select count(seq) as points from raw.result");
  const different = await count("select count(distinct(seq)) as points from raw.result");
  const year = await count('select sum(results) as points from "year".result');
  stopping.abort();
  await running;
  await spool.close();
  await end();
  const { counters, drops } = stats.take();
  if ((counters["failures"] ?? 0) === 0) throw new BenchFailure(`${kind}: there was no outage`);
  const lost = Object.values(drops).reduce((sum, points) => sum + points, 0);
  return outcome(
    `${kind}: ${different} of ${POINTS} points, ${raw - different} twice, ${year} in the year, ${counters["failures"]} failed writes`,
    `${POINTS}, 0, ${POINTS}`,
    different === POINTS && raw === POINTS && year === POINTS && lost === 0,
  );
}

function resultOf(first: number, seq: number) {
  return {
    measurement: "result" as const,
    tags: { camera: "bench", model: "letters", label: String.fromCharCode(65 + (seq % 26)) },
    fields: { confidence: 0.97, seq, changed: 1, ms_total: 2.4 },
    time: Math.floor(first + (seq * 1000) / RATE) * 1000 + (seq % 1000),
  };
}
