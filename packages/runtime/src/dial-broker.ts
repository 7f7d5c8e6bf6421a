import { connect as connectTcp, isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { createWebSocketStream, WebSocket } from "ws";
import type { MqttConnection, TlsFiles } from "./config/shared-config.ts";
import { ServiceFailure } from "./service.ts";

const PROTOCOLS: Readonly<Record<string, "tcp" | "tls" | "websocket">> = {
  "mqtt:": "tcp",
  "tcp:": "tcp",
  "mqtts:": "tls",
  "ssl:": "tls",
  "tls:": "tls",
  "ws:": "websocket",
  "wss:": "websocket",
};
const PORTS = { tcp: 1883, tls: 8883 };
/** Of a WebSocket; TCP and TLS are under the deadline of whoever dials. */
const UPGRADE_MS = 4500;

/** @returns the URL of a broker that can be dialled; undefined of any other text */
export function brokerUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url && url.protocol in PROTOCOLS && url.hostname !== "" ? url : undefined;
}

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
export function dial(url: URL, tls: TlsFiles = {}): Duplex {
  // A URL has an IPv6 address in brackets, a socket has not.
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  switch (PROTOCOLS[url.protocol]) {
    case "websocket":
      return dialWebSocket(url, tls);
    case "tls": {
      const port = Number(url.port || PORTS.tls);
      // Node does not say by itself whom it wants: one of many brokers behind an address is found by it.
      const servername = isIP(host) ? {} : { servername: host };
      const socket = connectTls({ host, port, minVersion: "TLSv1.2", ...servername, ...tls });
      socket.setNoDelay(true);
      return socket;
    }
    default:
      return connectTcp({ host, port: Number(url.port || PORTS.tcp), noDelay: true });
  }
}

function dialWebSocket(given: URL, tls: TlsFiles): Duplex {
  const url = new URL(given);
  // The package would send them as HTTP's own.
  url.username = "";
  url.password = "";
  const options = { perMessageDeflate: false, handshakeTimeout: UPGRADE_MS, ...tls };
  return createWebSocketStream(new WebSocket(url, "mqtt", options));
}
