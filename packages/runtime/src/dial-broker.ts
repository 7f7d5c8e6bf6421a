import { connect as connectTcp, isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { createWebSocketStream, WebSocket } from "ws";
import { type BrokerUrl, brokerUrl } from "./broker-url.ts";
import type { MqttConnection, TlsFiles } from "./config/shared-config.ts";
import { ServiceFailure } from "./service.ts";

const PORTS = { tcp: 1883, tls: 8883 };
/** Of a WebSocket; TCP and TLS are under the deadline of whoever dials. */
const UPGRADE_MS = 4500;

/**
 * Opens a raw connection to a broker, for somebody else to log in on: what makes us known to it, the user and password
 * and the certificate of our own, is left out.
 *
 * @returns at once; it fails as streams do, with `error` and `close`
 * @throws {ServiceFailure} on a URL that is none of a broker
 */
export function dialBroker({ url, tls }: Pick<MqttConnection, "url" | "tls">): Duplex {
  const found = brokerUrl(url);
  if (!found) throw noBroker(url);
  return dial(found, tls?.ca ? { ca: tls.ca } : {});
}

export function noBroker(url: string): ServiceFailure {
  return new ServiceFailure(`"${url}" is no URL of a broker: write mqtt://host:1883 or the like in mqtt.url`);
}

/**
 * As `dialBroker`, with a certificate of our own if there is one. Nagle's algorithm is off: with it a small packet waits
 * for the acknowledgement of the one before, which the receiver delays.
 *
 * @throws on TLS files that are none
 */
export function dial({ url, kind }: BrokerUrl, tls: TlsFiles = {}): Duplex {
  // A URL has an IPv6 address in brackets, a socket has not.
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  switch (kind) {
    case "websocket":
      return dialWebSocket(url, tls);
    case "tls": {
      const port = Number(url.port || PORTS.tls);
      // Node does not say by itself whom it wants: one of many brokers behind an address is found by it.
      const servername = isIP(host) ? {} : { servername: host };
      const socket = connectTls({ host, port, minVersion: "TLSv1.2", rejectUnauthorized: true, ...servername, ...tls });
      socket.setNoDelay(true);
      return socket;
    }
    default:
      return connectTcp({ host, port: Number(url.port || PORTS.tcp), noDelay: true });
  }
}

function dialWebSocket(given: URL, tls: TlsFiles): Duplex {
  const url = new URL(given);
  // The package would send them as HTTP's own, and throw at the other.
  url.username = "";
  url.password = "";
  url.hash = "";
  const options = { perMessageDeflate: false, handshakeTimeout: UPGRADE_MS, rejectUnauthorized: true, ...tls };
  const socket = new WebSocket(url, "mqtt", options);
  const stream = createWebSocketStream(socket);
  // By itself it would only end, and take what is written to it until somebody notices.
  socket.once("close", () => stream.destroy());
  return stream;
}
