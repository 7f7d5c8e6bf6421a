import type { ServerResponse } from "node:http";

const FIXED: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "permissions-policy": "camera=(self), microphone=(), geolocation=(), display-capture=(), usb=(), serial=()",
  "cross-origin-opener-policy": "same-origin",
  // Pages elsewhere can neither show nor read anything of ours, pictures and scripts included.
  "cross-origin-resource-policy": "same-origin",
  // What an old browser understands of `frame-ancestors`.
  "x-frame-options": "DENY",
};
// No Strict-Transport-Security: it would hold for every port of this name, and so for the services beside us.

/**
 * Puts on a response what every response of ours has, before anything else is known of it.
 *
 * @param host of the request, which must have been judged; undefined where it is not ours
 */
export function setSecurityHeaders(response: ServerResponse, host: string | undefined, isSecure: boolean): void {
  for (const [name, value] of Object.entries(FIXED)) response.setHeader(name, value);
  response.setHeader("content-security-policy", contentSecurityPolicy(host, isSecure));
}

function contentSecurityPolicy(host: string | undefined, isSecure: boolean): string {
  // 'self' does not cover WebSockets in Safari before 15.4.
  const socket = host === undefined ? "" : ` ${isSecure ? "wss" : "ws"}://${host}`;
  return [
    "default-src 'self'",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    `connect-src 'self'${socket}`,
    // mqtt.js keeps its time in a worker that it makes of a blob: without it no ping is sent, and the broker hangs up.
    "worker-src 'self' blob:",
    "object-src 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join("; ");
}
