import { createLogger, createMemoryBus, MemoryHub, runService } from "@beckon/runtime";
import { expect, test } from "vitest";
import { RelayConfig } from "./config.ts";
import { relay } from "./relay-service.ts";

test("a relay service without a relay says so and ends, for nobody would notice otherwise", async () => {
  const hub = new MemoryHub();
  const running = runService(relay, {
    config: RelayConfig.parse({}),
    shared: { prefix: "beckon", mqtt: { url: "mqtt://127.0.0.1" } },
    log: createLogger({ service: "relay", level: "silent", format: "json" }),
    signal: new AbortController().signal,
    openBus: ({ stats }) => createMemoryBus(hub, stats),
  });
  await expect(running).rejects.toThrow("no relay is configured: add one to relay.relays in beckon.yaml");
});
