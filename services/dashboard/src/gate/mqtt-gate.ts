import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import {
  foreign,
  foreignDetail,
  isLoopback,
  type Logger,
  type OwnWeb,
  type StatsPart,
  throttled,
} from "@beckon/runtime";
import { WebSocketServer } from "ws";
import type { GateLoss } from "./gate-loss.ts";
import { shown } from "./page-rules.ts";
import { type GateLimits, PageSession } from "./page-session.ts";

export interface MqttGateOptions extends OwnWeb {
  /**
   * Opens a raw connection to the broker, on which the page logs in: `ServiceContext.visit`.
   *
   * @param address of the browser
   */
  readonly visit: (address: string) => Duplex;
  /** Of the topics. */
  readonly prefix: string;
  readonly stats: Pick<StatsPart, "count" | "drop" | "gauge">;
  readonly log: Pick<Logger, "warn">;
  /**
   * Whoever does not come from this machine must give a user's name; false unless given. A broker that lets in everybody
   * takes any name: it is the broker that must have users.
   */
  readonly requireLogin?: boolean;
  readonly limits?: Partial<GateLimits>;
}

export interface MqttGate {
  /**
   * Takes an upgrade to a WebSocket (the event `upgrade` of an HTTP or HTTPS server), whatever its path. It is refused
   * with 400, 403 or 503 unless it comes from a page of ours, or from a program.
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Says goodbye to all pages, and refuses new ones. */
  close(): void;
}

const GATE_LIMITS: GateLimits = {
  pages: 32,
  strangers: 8,
  loginMs: 4500,
  messageBytes: 2_100_000,
  frameBytes: 2_000_000,
  commandBytes: 65_536,
  slowBytes: 256_000,
  stuckBytes: 8_000_000,
  stuckMs: 10_000,
};

const REASONS = { 400: "Bad Request", 403: "Forbidden", 503: "Service Unavailable" } as const;

interface Refusal {
  readonly status: keyof typeof REASONS;
  readonly loss: GateLoss;
  readonly detail: string;
}

/**
 * The way from a browser to the broker: MQTT 3.1.1 over WebSocket, each page with a connection and a log-in of its own.
 * A page may do what the role `admin` may, and nothing that no page of ours does: no last will, no lasting session,
 * nothing retained, the frames of one camera only. A page that reads slowly misses messages of QoS 0; it makes neither
 * the broker nor another page wait.
 */
export function createMqttGate(options: MqttGateOptions): MqttGate {
  const { stats, prefix, requireLogin = false } = options;
  const limits = { ...GATE_LIMITS, ...options.limits };
  const complaints = throttled(options.log);
  const sessions = new Set<PageSession>();
  /** Of those that the broker has not let in: where they come from. */
  const strangers = new Map<PageSession, string>();
  let closed = false;
  const lost = (loss: GateLoss, detail: string): void => {
    stats.drop(loss);
    complaints.warn(loss, `${loss}: ${detail}`);
  };
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: limits.messageBytes,
    perMessageDeflate: false,
    // One message of a page at a turn: of all that came at once, a page that floods us would keep the others waiting.
    allowSynchronousEvents: false,
    handleProtocols: () => "mqtt",
  });
  // What is no WebSocket after all is answered with 400 by the package.
  sockets.on("wsClientError", (error, socket, request) => {
    lost("no-mqtt", `${addressOf(request)}: ${error.message}`);
    refuse(socket, 400);
  });
  stats.gauge("pages", () => sessions.size);
  const refusalOf = (request: IncomingMessage): Refusal | undefined => {
    const from = addressOf(request);
    if (closed || sessions.size >= limits.pages)
      return { status: 503, loss: "too-many-pages", detail: `${sessions.size} are open; ${from} is refused` };
    // One device that never logs in must not keep the others out.
    const waiting = [...strangers.values()].filter((address) => address === from).length;
    if (waiting >= limits.strangers)
      return { status: 503, loss: "too-many-pages", detail: `${waiting} of ${from} have not logged in` };
    return upgradeRefusal(request, options);
  };
  return {
    handleUpgrade: (request, socket, head) => {
      const refusal = refusalOf(request);
      if (refusal) {
        lost(refusal.loss, refusal.detail);
        refuse(socket, refusal.status);
        return;
      }
      sockets.handleUpgrade(request, socket, head, (page) => {
        const address = addressOf(request);
        const session = new PageSession(page, {
          address,
          prefix,
          requireName: requireLogin && !isLoopback(address),
          limits,
          visit: () => options.visit(address),
          lost,
          admitted: () => {
            strangers.delete(session);
            stats.count("logins");
          },
        });
        sessions.add(session);
        strangers.set(session, address);
        page.once("close", () => {
          sessions.delete(session);
          strangers.delete(session);
        });
      });
    },
    close: () => {
      closed = true;
      for (const session of sessions) session.close();
    },
  };
}

function upgradeRefusal(request: IncomingMessage, own: OwnWeb): Refusal | undefined {
  const loss = foreign(request, own);
  if (loss) return { status: 403, loss, detail: foreignDetail(loss, request, "dashboard") };
  const protocols = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  if (protocols.includes("mqtt")) return undefined;
  return { status: 400, loss: "no-mqtt", detail: `${addressOf(request)} asked for ${shown(protocols.join())}` };
}

function addressOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? "an unknown address";
}

function refuse(socket: Duplex, status: keyof typeof REASONS): void {
  socket.on("error", () => {});
  socket.end(`HTTP/1.1 ${status} ${REASONS[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
    socket.destroy(),
  );
}
