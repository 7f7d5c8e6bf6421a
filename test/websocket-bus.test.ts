import { createBrokerService } from "@beckon/broker";
import { createTopics } from "@beckon/protocol";
import { connectMqttBus, createLogger, Stats } from "@beckon/runtime";
import { expect, it } from "vitest";

it("carries the bus over the broker's WebSocket and over a stream inside its process", async () => {
  const topics = createTopics();
  const log = createLogger({ level: "silent", format: "json", service: "test" });
  const stop = new AbortController();
  const service = createBrokerService();
  const config = service.config.parse({ port: 0, websocketPort: 0 });
  const host = await service.host({ config, log, stats: new Stats(), signal: stop.signal, topics });
  const around = { log, stats: new Stats() };
  const web = connectMqttBus({ ...around, url: host.websocketUrl ?? "", clientId: "web" });
  const inside = connectMqttBus({ ...around, url: host.url, clientId: "inside", stream: () => host.connect() });
  try {
    const text = topics.text({ camera: "desk" });
    const messages = web.subscribe(text, { signal: stop.signal });
    await messages.granted;
    await new Promise<void>((resolve) => inside.onConnect(resolve));
    expect(await inside.publish(text, { text: "A", last: "A", at: 1 })).toBe(true);
    expect((await messages[Symbol.asyncIterator]().next()).value).toMatchObject({ value: { text: "A" } });
    expect(await web.publish(text, { text: "B", last: "B", at: 2 })).toBe(true);
  } finally {
    await web.close();
    await inside.close();
    stop.abort();
    await host.close();
  }
});
