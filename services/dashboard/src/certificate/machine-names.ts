import { hostname, networkInterfaces } from "node:os";

/** What a browser may reach this machine by: its name, with mDNS too, and its addresses. */
export function machineNames(): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((found = []) => found)
    // Nobody types an address of one link, and they come and go with every container.
    .filter(({ address }) => !/^fe80:/i.test(address))
    .map(({ address }) => address);
  const name = hostname().toLowerCase();
  const mdns = name.includes(".") ? [] : [`${name}.local`];
  return [...new Set(["localhost", name, ...mdns, "127.0.0.1", "::1", ...addresses])];
}
