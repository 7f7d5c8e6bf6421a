import type { Logger } from "@beckon/runtime";
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import type { PageFacts } from "../page-facts.ts";
import { type Asset, type Assets, answerAsset } from "./assets.ts";
import type { Site } from "./front-desk.ts";
import { limitBody } from "./limit-body.ts";
import type { Sessions } from "./sessions.ts";

export interface PageSiteOptions {
  readonly assets: Assets;
  /** @param host of the request, as it was judged */
  readonly facts: (host: string) => PageFacts;
  readonly sessions: Sessions;
  /** What is mounted under `/api/`, behind the check of the session: `{ teach: ... }`. */
  readonly apis: Readonly<Record<string, Hono>>;
  /** How to trust our certificate, where there is one; see trust-site.ts. */
  readonly trust?: Hono<{ Bindings: HttpBindings }>;
  readonly log: Pick<Logger, "warn">;
}

/** What is asked of the API is a few words; pictures come over the bus. */
const MAX_BODY_BYTES = 65_536;

/** The page, what it must know, and what it asks of this machine. */
export function createPageSite({ assets, facts, sessions, apis, trust, log }: PageSiteOptions): Site {
  const site: Site = new Hono();
  site.use("/api/*", async (context, next) => {
    context.header("cache-control", "no-store");
    const refusal = await sessions.refusal(bearer(context.req.header("authorization")));
    if (!refusal) return next();
    if (refusal.status === 401) context.header("www-authenticate", "Bearer");
    return context.json({ error: refusal.error }, refusal.status);
  });
  site.use("/api/*", limitBody(MAX_BODY_BYTES));
  for (const [name, api] of Object.entries(apis)) site.route(`/api/${name}`, api);
  site.all("/api/*", (context) => context.json({ error: "there is nothing under this address" }, 404));
  site.get("/page.json", (context) => {
    context.header("cache-control", "no-store");
    return context.json(facts(context.req.header("host") ?? ""));
  });
  if (trust) site.route("/", trust);
  site.all("*", (context) => showAsset(context, assets.get(context.req.path)));
  site.onError((error, context) => {
    log.warn(`${context.req.method} ${JSON.stringify(context.req.path.slice(0, 128))} failed: ${error.message}`);
    return context.json({ error: "this went wrong; the log of the dashboard says more" }, 500);
  });
  return site;
}

/** @returns 404 without one, 405 for who wants to change it */
export function showAsset(context: Context, asset: Asset | undefined): Response {
  if (!asset && context.req.path !== "/page.json") return context.text("There is nothing under this address.\n", 404);
  if (!asset || (context.req.method !== "GET" && context.req.method !== "HEAD"))
    return context.text("This can only be looked at.\n", 405, { allow: "GET, HEAD" });
  return answerAsset(asset, context.req.raw.headers);
}

function bearer(authorization: string | undefined): string | undefined {
  return /^Bearer ([\w.~+/=-]{1,256})$/i.exec(authorization ?? "")?.[1];
}
