import { isIP, type Server } from "node:net";
import { ServiceFailure } from "./service.ts";

/** Where a service listens, as its configuration has it. */
export interface ListenAddress {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** As in beckon.yaml, for the failure to name it: `broker.port`. */
  readonly setting: string;
  /** Take the next free one when it is in use, of so many. */
  readonly search: boolean;
}

const SEARCHED_PORTS = 20;

/**
 * Has a server of any kind listen.
 *
 * @returns the port that was found
 * @throws {ServiceFailure} when the port is in use or may not be used, or the host is none of this machine
 */
export async function listenAt(server: Server, address: ListenAddress): Promise<number> {
  const tries = address.search && address.port > 0 ? SEARCHED_PORTS : 1;
  for (let attempt = 0; ; attempt++) {
    const port = address.port + attempt;
    try {
      await bound(server, address.host, port);
      break;
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      if (!isTaken || attempt + 1 >= tries || port >= 65_535) throw failure(address, error);
    }
  }
  // Of a single connection that could not be accepted; the others go on.
  server.on("error", () => {});
  const bind = server.address();
  return bind && typeof bind === "object" ? bind.port : address.port;
}

/** A host as it stands in a URL. */
export function urlHost(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

/** Where this machine reaches what listens on all its addresses. */
export function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}

function bound(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function failure({ host, port, setting, search }: ListenAddress, error: unknown): ServiceFailure {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "EADDRINUSE":
      return new ServiceFailure(
        search
          ? `ports ${port} to ${port + SEARCHED_PORTS - 1} on ${host} are in use: set ${setting}`
          : `port ${port} on ${host} is in use: set ${setting} to another, or stop what listens there`,
      );
    case "EACCES":
      return new ServiceFailure(`port ${port} on ${host} needs more rights: set ${setting} to one above 1023`);
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new ServiceFailure(`"${host}" is no address of this machine: set the host of ${setting}`);
    default:
      return new ServiceFailure(`cannot listen on port ${port} of ${host} (${setting}): ${message}`, { cause: error });
  }
}
