import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type Api, createApi } from "./api.ts";
import { sha256 } from "./sha-256.ts";
import { type FakeBus, fakeBus } from "./testing/fake-bus.ts";

const SET = "beckon/service/dashboard/test/set";
const State = z.object({ fine: z.boolean() });

/** The service lets in who was introduced since it forgot everybody, unless it is deaf. */
describe("what the page asks of its service", () => {
  let server: Server;
  let bus: FakeBus;
  let api: Api;
  let known: Set<string>;
  let deaf: boolean;
  let asked: number;

  beforeEach(async () => {
    [known, deaf, asked] = [new Set(), false, 0];
    bus = fakeBus();
    server = createServer((request, response) => {
      asked += 1;
      const token = request.headers.authorization?.slice("Bearer ".length) ?? "";
      const isKnown = known.has(sha256(token));
      response.writeHead(isKnown ? 200 : 401).end(JSON.stringify(isKnown ? { fine: true } : { error: "who are you?" }));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { fetch } = globalThis;
    vi.stubGlobal("fetch", (path: string, init: RequestInit) => fetch(new URL(path, base), init));
    bus.subscribe(bus.topics.serviceSet({ kind: "dashboard", id: "test" }), ({ value }) => {
      if (!deaf) known.add(String(value["session"]));
    });
    api = createApi(bus, { prefix: "beckon", id: "test", version: "1", now: 0 });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    server.close();
    server.closeAllConnections();
  });

  it("introduces itself once, however much it asks", async () => {
    await Promise.all([1, 2, 3].map(() => api.ask("GET", "teach", State)));
    expect(bus.heardAt(SET)).toHaveLength(1);
    expect(asked).toBe(3);
  });

  it("introduces itself again to a service that does not know it any more", async () => {
    await api.ask("GET", "teach", State);
    known.clear();
    expect(await Promise.all([1, 2, 3].map(() => api.ask("GET", "teach", State)))).toHaveLength(3);
    expect(bus.heardAt(SET)).toHaveLength(2);
  });

  it("says why when it is not let in after that either", async () => {
    deaf = true;
    known.clear();
    await expect(api.ask("GET", "teach", State)).rejects.toMatchObject({ message: "who are you?", status: 401 });
    expect(asked).toBe(2);
  });
});
