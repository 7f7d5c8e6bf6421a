import { hostname, networkInterfaces } from "node:os";

/** What a browser may reach this machine by: its name, with mDNS too, and its addresses. */
export function machineNames(): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((found = []) => found)
    // Nobody types an address of one link, and they come and go with every container.
    .filter(({ address }) => !/^fe80:/i.test(address))
    .map(({ address }) => address);
  return [...new Set(["localhost", hostname().toLowerCase(), mdnsName(), "127.0.0.1", "::1", ...addresses])];
}

/** What other machines find this one by, where it says so with mDNS; its own name where that one has a domain. */
export function mdnsName(): string {
  const name = hostname().toLowerCase();
  return name.includes(".") ? name : `${name}.local`;
}
