import type { MiddlewareHandler } from "hono";

/**
 * Refuses a body by what its headers say of it, before any of it is read: 413 when it is longer than is allowed, and 411
 * when it does not say how long it is. Browsers say it of every body that the page sends.
 */
export function limitBody(maxBytes: number): MiddlewareHandler {
  return async (context, next) => {
    const { req } = context;
    if (req.header("transfer-encoding") !== undefined)
      return context.json({ error: "this must say how long it is: send it with a Content-Length" }, 411);
    if (Number(req.header("content-length") ?? 0) > maxBytes)
      return context.json({ error: "this is longer than anything that is asked here" }, 413);
    return next();
  };
}
