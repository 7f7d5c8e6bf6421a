/** What carries MQTT, by the scheme of a broker's URL. */
const TRANSPORTS: Readonly<
  Record<string, { readonly kind: "tcp" | "tls" | "websocket"; readonly encrypted: boolean }>
> = {
  "mqtt:": { kind: "tcp", encrypted: false },
  "tcp:": { kind: "tcp", encrypted: false },
  "mqtts:": { kind: "tls", encrypted: true },
  "ssl:": { kind: "tls", encrypted: true },
  "tls:": { kind: "tls", encrypted: true },
  "ws:": { kind: "websocket", encrypted: false },
  "wss:": { kind: "websocket", encrypted: true },
};

export interface BrokerUrl {
  readonly url: URL;
  readonly kind: "tcp" | "tls" | "websocket";
  readonly encrypted: boolean;
}

/** @returns undefined of what is no URL of a broker, which has a scheme of MQTT and a host */
export function brokerUrl(text: string): BrokerUrl | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const transport = url && TRANSPORTS[url.protocol];
  return url && transport && url.hostname !== "" ? { url, ...transport } : undefined;
}
