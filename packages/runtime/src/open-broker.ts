import type { MqttConnection } from "./config/shared-config.ts";
import { isLoopback } from "./loopback.ts";

/**
 * Whether we reach a broker on another machine without saying who we are, so that it lets anyone in: the nearest a
 * client comes to seeing it. A broker on this machine may be open to it alone.
 *
 * @returns its host, undefined when it is here or asked for a user or a certificate
 */
export function openBroker({ url, username, tls }: MqttConnection): string | undefined {
  const { hostname, username: inUrl } = new URL(url);
  const known = username !== undefined || inUrl !== "" || tls?.cert !== undefined;
  return known || hostname === "" || isLoopback(hostname) ? undefined : hostname;
}
