import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import type { MonitoringSection } from "./config/shared-config.ts";
import { urlHost } from "./listen-at.ts";
import { PrometheusFigures } from "./prometheus-figures.ts";
import { ServiceFailure } from "./service.ts";
import type { Stats } from "./stats.ts";

/** A service, as whoever watches over it sees it. */
export interface Monitored {
  readonly service: string;
  readonly instance: string;
  readonly version: string;
  readonly stats: Stats;
  readonly isConnected: () => boolean;
  readonly isReady: () => boolean;
}

/** What the services of a process show of themselves over HTTP. */
export interface Monitor {
  /** Shows a service too. @returns takes it away again */
  add(service: Monitored): () => void;
}

export interface OpenMonitor extends Monitor {
  /** `http://127.0.0.1:9464` */
  readonly url: string;
  close(): Promise<void>;
}

/** Whoever asks is slow or many: what they may hold. */
const MAX_CONNECTIONS = 16;
const MAX_HEADER_BYTES = 8192;
const PATIENCE_MS = 5000;

/**
 * One listener for all services of a process: `/metrics` for Prometheus, `/healthz` with 200 while every service is
 * connected and ready, and 503 otherwise.
 *
 * @throws {ServiceFailure} when it cannot listen there
 */
export async function openMonitor(
  { host, port }: Pick<MonitoringSection, "host" | "port">,
  log: Pick<Logger, "info" | "warn">,
): Promise<OpenMonitor> {
  const services = new Set<Monitored>();
  const figures = new PrometheusFigures();
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: PATIENCE_MS }, (request, response) => {
    answer(request, { services, figures })
      .catch((error: unknown): Answer => {
        log.warn(`${request.url} could not be answered: ${error instanceof Error ? error.message : error}`);
        return text(500, "internal error\n");
      })
      .then((answered) => send(response, answered))
      .catch(() => response.destroy());
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.headersTimeout = PATIENCE_MS;
  server.keepAliveTimeout = PATIENCE_MS;
  server.setTimeout(2 * PATIENCE_MS, (socket) => socket.destroy());
  await listening(server, host, port);
  const { port: taken } = server.address() as AddressInfo;
  const url = `http://${urlHost(host)}:${taken}`;
  log.info(`figures for Prometheus at ${url}/metrics`);
  return {
    url,
    add: (service) => {
      services.add(service);
      const forget = figures.watch(service);
      return () => {
        services.delete(service);
        forget();
      };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        figures.close();
      }),
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const where = `monitoring: cannot listen on ${host}, port ${port}: ${error.code ?? error.message}`;
      const remedy =
        error.code === "EADDRINUSE"
          ? "; give each process a port of its own, with monitoring.port or BECKON_MONITORING_PORT"
          : "; see monitoring.host and monitoring.port in beckon.yaml";
      reject(new ServiceFailure(where + remedy, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

interface Shown {
  readonly services: ReadonlySet<Monitored>;
  readonly figures: PrometheusFigures;
}

async function answer({ method, url = "", headers }: IncomingMessage, { services, figures }: Shown): Promise<Answer> {
  if (method !== "GET") return text(405, "only GET\n");
  if (headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0)
    return text(413, "without a body, please\n");
  switch (url.split("?", 1)[0]) {
    case "/metrics":
      return { status: 200, type: figures.contentType, body: await figures.text() };
    case "/healthz":
      return health([...services]);
    default:
      return text(404, "there are /metrics and /healthz\n");
  }
}

function health(services: readonly Monitored[]): Answer {
  const states = services.map(({ service, instance, isConnected, isReady }) => ({
    service,
    instance,
    connected: isConnected(),
    ready: isReady(),
  }));
  // Before its services have begun a process is not well yet.
  const isWell = states.length > 0 && states.every(({ connected, ready }) => connected && ready);
  const body = `${JSON.stringify({ status: isWell ? "ok" : "unavailable", services: states })}\n`;
  return { status: isWell ? 200 : 503, type: "application/json", body };
}

function text(status: number, body: string): Answer {
  return { status, type: "text/plain; charset=utf-8", body };
}

function send(response: ServerResponse, { status, type, body }: Answer): void {
  // What was refused may have a body on its way, which nobody reads.
  if (status === 405 || status === 413) response.shouldKeepAlive = false;
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(status === 405 && { allow: "GET" }),
  });
  response.end(body);
}
