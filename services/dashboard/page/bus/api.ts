import { effect } from "@preact/signals";
import type * as z from "zod";
import type { PageFacts } from "../../src/page-facts.ts";
import { Refusal } from "../../src/teach/teach-api.ts";
import type { PageBus } from "./page-bus.ts";
import { sha256 } from "./sha-256.ts";

/** Why the service did not do what it was asked, in words for people. */
export class ApiRefusal extends Error {
  readonly status: number;

  /** @param status of HTTP, 0 when nothing answered */
  constructor(message: string, status: number) {
    super(message);
    this.name = "ApiRefusal";
    this.status = status;
  }
}

/** What the page asks of its service over HTTP: what does not fit on a bus, such as pictures in a folder. */
export interface Api {
  /**
   * @param path under `/api/`
   * @param body sent as JSON
   * @returns the answer, parsed
   * @throws {ApiRefusal} in words for people
   */
  ask<T>(method: "GET" | "POST" | "DELETE", path: string, answer: z.ZodType<T>, body?: unknown): Promise<T>;
  /** @throws {ApiRefusal} */
  picture(path: string): Promise<Blob>;
}

/**
 * Whoever may publish to the dashboard's own `set` topic may use its API: at each connection, and when the service does
 * not know it, the page publishes the SHA-256 of a random token there, and sends the token itself only to the service. So
 * the broker's roles decide, no password passes through here, and who listens on the bus learns nothing.
 */
export function createApi(bus: PageBus, { id }: PageFacts): Api {
  const token = hex(crypto.getRandomValues(new Uint8Array(32)));
  let introduced: Promise<unknown> = Promise.resolve();
  const introduce = async (): Promise<void> => {
    await bus.publish(bus.topics.serviceSet({ kind: "dashboard", id }), { session: sha256(token) });
  };
  effect(() => {
    if (bus.connection.value.status === "online") introduced = introduce();
  });
  const send = async (method: string, path: string, body?: unknown): Promise<Response> => {
    await introduced;
    return fetch(`/api/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((cause: unknown) => {
      throw new ApiRefusal(cause instanceof Error ? cause.message : "no answer", 0);
    });
  };
  const request = async (method: string, path: string, body?: unknown): Promise<Response> => {
    const before = introduced;
    let response = await send(method, path, body);
    // The service forgets a page after a day, and has not heard one that spoke while it was away from the broker.
    if (response.status === 401) {
      if (introduced === before) introduced = introduce();
      response = await send(method, path, body);
    }
    if (response.ok) return response;
    const said = Refusal.safeParse(await response.json().catch(() => undefined));
    throw new ApiRefusal(said.success ? said.data.error : `the service answered ${response.status}`, response.status);
  };
  return {
    ask: async (method, path, answer, body) => answer.parse(await (await request(method, path, body)).json()),
    picture: async (path) => (await request("GET", path)).blob(),
  };
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
