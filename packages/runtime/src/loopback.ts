import { isIP } from "node:net";

/**
 * Whether only this machine can reach it.
 *
 * @param host a name or an address, with or without the brackets of IPv6
 */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").replace(/^::ffff:/i, "");
  if (isIP(bare) === 4) return bare.startsWith("127.");
  return bare === "::1" || bare.toLowerCase() === "localhost";
}
