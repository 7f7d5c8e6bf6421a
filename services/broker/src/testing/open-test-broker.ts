import { Writable } from "node:stream";
import { createTopics } from "@beckon/protocol";
import { createLogger, Stats } from "@beckon/runtime";
import { BrokerConfig } from "../config.ts";
import { type BrokerHost, createBrokerService } from "../service.ts";

export interface TestBroker extends BrokerHost {
  readonly port: number;
  readonly websocketPort: number;
  readonly stats: Stats;
  /** What it logged at warn. */
  readonly warnings: string[];
  drops(): Record<string, number>;
}

/** The service itself, on free ports. */
export async function openTestBroker(config: Partial<Record<keyof BrokerConfig, unknown>> = {}): Promise<TestBroker> {
  const stats = new Stats();
  const warnings: string[] = [];
  const destination = new Writable({
    write: (line, _encoding, done) => {
      warnings.push(JSON.parse(String(line)).msg);
      done();
    },
  });
  const log = createLogger({ service: "broker", level: "warn", format: "json", destination });
  const host = await createBrokerService().host({
    config: BrokerConfig.parse({ port: 0, websocketPort: 0, ...config }),
    log,
    stats,
    signal: new AbortController().signal,
    topics: createTopics(),
  });
  return {
    ...host,
    port: host.ports["broker.port"] ?? 0,
    websocketPort: host.ports["broker.websocketPort"] ?? 0,
    stats,
    warnings,
    drops: () => stats.takeAll().drops,
  };
}
