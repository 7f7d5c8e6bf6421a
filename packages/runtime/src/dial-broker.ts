import { connect as connectTcp, isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { createWebSocketStream, WebSocket } from "ws";
import type { MqttConnection } from "./config/shared-config.ts";
import { isBrokerUrl } from "./mqtt-link.ts";
import { ServiceFailure } from "./service.ts";

const PORTS = { mqtt: 1883, mqtts: 8883 };
/** Of a WebSocket; TCP and TLS are under the deadline of whoever dials. */
const UPGRADE_MS = 4500;

/**
 * Opens a raw connection to a broker, for somebody else to log in on: what makes us known to it, the user and password
 * and the certificate of our own, is left out. Nagle's algorithm is off.
 *
 * @returns at once; it fails as streams do, with `error` and `close`
 * @throws {ServiceFailure} on a URL that is none of a broker
 */
export function dialBroker({ url: given, tls }: Pick<MqttConnection, "url" | "tls">): Duplex {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (!url || !isBrokerUrl(url))
    throw new ServiceFailure(`"${given}" is no URL of a broker: write mqtt://host:1883 or the like in mqtt.url`);
  const trusted = tls?.ca ? { ca: tls.ca } : {};
  // A URL has an IPv6 address in brackets, a socket has not.
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  switch (url.protocol) {
    case "ws:":
    case "wss:":
      return dialWebSocket(url, trusted);
    case "mqtts:":
    case "ssl:":
    case "tls:": {
      const port = Number(url.port || PORTS.mqtts);
      // Node does not say by itself whom it wants: one of many brokers behind an address is found by it.
      const servername = isIP(host) ? {} : { servername: host };
      const socket = connectTls({ host, port, minVersion: "TLSv1.2", ...servername, ...trusted });
      socket.setNoDelay(true);
      return socket;
    }
    default:
      return connectTcp({ host, port: Number(url.port || PORTS.mqtt), noDelay: true });
  }
}

function dialWebSocket(url: URL, trusted: { ca?: Buffer }): Duplex {
  // The package would send them as HTTP's own.
  url.username = "";
  url.password = "";
  const options = { perMessageDeflate: false, handshakeTimeout: UPGRADE_MS, ...trusted };
  return createWebSocketStream(new WebSocket(url, "mqtt", options));
}
