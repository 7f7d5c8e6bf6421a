import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dialBroker, Stats } from "@beckon/runtime";
import { createMqttGate, type MqttGate, type MqttGateOptions } from "../mqtt-gate.ts";

export interface OpenGate {
  /** `ws://127.0.0.1:40000/mqtt` */
  readonly url: string;
  readonly port: number;
  readonly gate: MqttGate;
  readonly stats: Stats;
  readonly warnings: readonly string[];
  drops(): Record<string, number>;
  close(): Promise<void>;
}

/**
 * The gate behind a server of its own, on a free loopback port, before the broker at a URL.
 *
 * @param from where all pages seem to come from
 */
export async function openGate(
  broker: string,
  { from, ...options }: Partial<MqttGateOptions> & { from?: string } = {},
): Promise<OpenGate> {
  const stats = new Stats();
  const warnings: string[] = [];
  const gate = createMqttGate({
    visit: () => dialBroker({ url: broker }),
    prefix: "beckon",
    hosts: [],
    origins: [],
    stats,
    log: { warn: (...line: unknown[]) => warnings.push(String(line.at(-1))) } as MqttGateOptions["log"],
    ...options,
  });
  const server = createServer().listen(0, "127.0.0.1");
  server.on("upgrade", (request, socket, head) => {
    const { localAddress, remoteAddress } = request.socket;
    const seen = { localAddress, remoteAddress: from ?? remoteAddress };
    gate.handleUpgrade(Object.create(request, { socket: { value: seen } }), socket, head);
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}/mqtt`,
    port,
    gate,
    stats,
    warnings,
    drops: () => ({ ...stats.read().drops }),
    close: async () => {
      gate.close();
      server.close();
      await once(server, "close");
    },
  };
}
