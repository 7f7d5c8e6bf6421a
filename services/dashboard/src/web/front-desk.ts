import type { IncomingMessage, ServerResponse } from "node:http";
import { type Foreign, foreign, foreignDetail, type Logger, type OwnWeb, type Stats, throttled } from "@beckon/runtime";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import type { Hono } from "hono";
import { setSecurityHeaders } from "./security-headers.ts";

/** A site by its address: what is asked for, and in `env` the connection that it came by. */
export type Site = Hono<{ Bindings: HttpBindings }>;

export interface FrontDeskOptions {
  readonly own: OwnWeb;
  /** Whether it answers over TLS. */
  readonly isSecure: boolean;
  /** What is shown to a request that is ours to answer. */
  readonly siteFor: (request: IncomingMessage) => Site;
  readonly stats: Pick<Stats, "count" | "drop">;
  readonly log: Pick<Logger, "warn">;
}

const REFUSALS: Readonly<Record<Foreign, readonly [status: number, says: string]>> = {
  "foreign-host": [421, "This is no name of this machine: add it to dashboard.hosts, or ask under another."],
  "foreign-origin": [403, "Pages of other sites may not ask for anything here: see dashboard.origins."],
};

/**
 * Takes every request first: says what a browser may do with the answer, and sends away who asks under a foreign name or
 * from a page that is not ours, before anything is looked at.
 */
export function createFrontDesk(
  options: FrontDeskOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { own, isSecure, stats, log } = options;
  const warnings = throttled(log);
  return (request, response) => {
    stats.count("requests");
    const why = foreign(request, own);
    setSecurityHeaders(response, why === "foreign-host" ? undefined : request.headers.host, isSecure);
    if (why) {
      stats.drop(why);
      warnings.warn(why, `${why}: ${foreignDetail(why, request, "dashboard")}`);
      refuse(response, ...REFUSALS[why]);
    } else if (!request.url?.startsWith("/")) refuse(response, 400, "This is no proxy.");
    else void listenerOf(options.siteFor(request))(request, response);
  };
}

const listeners = new WeakMap<Site, ReturnType<typeof getRequestListener>>();

function listenerOf(site: Site): ReturnType<typeof getRequestListener> {
  const listener =
    listeners.get(site) ??
    getRequestListener((request, env) => site.fetch(request, env as HttpBindings), { overrideGlobalObjects: false });
  listeners.set(site, listener);
  return listener;
}

/** The connection is closed: who is not ours has no more to say, a body that was announced least of all. */
function refuse(response: ServerResponse, status: number, says: string): void {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
    connection: "close",
  });
  response.end(`${says}\n`);
}
