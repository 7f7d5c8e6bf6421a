import type { IncomingMessage } from "node:http";
import { isLoopback } from "./loopback.ts";

/** Whose requests a server of ours answers. */
export interface OwnWeb {
  /** Names and addresses under which it may be asked for, besides those of this machine itself. */
  readonly hosts: readonly string[];
  /** Pages that may connect, besides those of its own: `https://home.example:8080`. */
  readonly origins: readonly string[];
}

/** What is wrong with a request that did not come from a page of ours. */
export type Foreign = "foreign-host" | "foreign-origin";

/**
 * Judges a request, an upgrade to a WebSocket included, before anything is done for it.
 *
 * Any page in a browser of the house may send requests and open a WebSocket to any address, and could switch a relay with
 * it. So a page must be one that is known, by its `Origin`; and the address must be one of ours, by its `Host`, or a page
 * could have its own name lead here (DNS rebinding). Programs send no `Origin`, and neither does a browser that was
 * given the address by its user.
 *
 * @returns undefined for a request that may be answered
 */
export function foreign(request: Pick<IncomingMessage, "headers" | "socket">, own: OwnWeb): Foreign | undefined {
  const { host = "", origin } = request.headers;
  if (!isOwnHost(host, request.socket.localAddress, own.hosts)) return "foreign-host";
  if (origin !== undefined && !isOwnOrigin(origin, host, own.origins)) return "foreign-origin";
  return undefined;
}

/**
 * What a foreign request wanted, and what would let it in, for the log.
 *
 * @param section of beckon.yaml, with `hosts` and `origins`
 */
export function foreignDetail(
  why: Foreign,
  { headers, socket }: Pick<IncomingMessage, "headers" | "socket">,
  section: string,
): string {
  const from = socket.remoteAddress ?? "an unknown address";
  return why === "foreign-host"
    ? `${from} asked for ${shown(headers.host)}: see ${section}.hosts`
    : `a page of ${shown(headers.origin)}, at ${from}: see ${section}.origins`;
}

/** A stranger's words: one line, and not a long one. */
function shown(text = ""): string {
  return JSON.stringify(text.slice(0, 128));
}

/**
 * Whether the `Host` of a request is this machine: loopback, the address that the connection came to, or a name of ours.
 *
 * @param localAddress of the socket
 * @param hosts names and addresses without a port
 */
export function isOwnHost(host: string, localAddress: string | undefined, hosts: readonly string[]): boolean {
  const name = hostName(host);
  if (name === undefined) return false;
  return isLoopback(name) || name === plainAddress(localAddress) || hosts.some((own) => own.toLowerCase() === name);
}

/**
 * Whether the `Origin` of a request is a page of ours. One that came from where it connects to is: then both are behind
 * one proxy.
 *
 * @param host of the same request, which `isOwnHost` must have let pass
 * @param origins as `https://home.example:8080`
 */
export function isOwnOrigin(origin: string, host: string, origins: readonly string[]): boolean {
  const page = URL.canParse(origin) ? new URL(origin) : undefined;
  if (!page || !/^https?:$/.test(page.protocol)) return false;
  return (
    page.host === host.toLowerCase() || origins.some((own) => URL.canParse(own) && new URL(own).origin === page.origin)
  );
}

/** Without the port and, of an IPv6 address, the brackets. */
function hostName(host: string): string | undefined {
  if (!/^[\w.:[\]-]{1,255}$/.test(host) || !URL.canParse(`http://${host}`)) return undefined;
  return new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, "");
}

function plainAddress(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:/i, "");
}
