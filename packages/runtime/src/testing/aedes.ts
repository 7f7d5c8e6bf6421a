import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";

/** A bare aedes, without any guard: the tests of the broker service use that service. */
export interface AedesBroker {
  readonly url: string;
  readonly port: number;
  /** Replaced by `restart`. */
  readonly broker: Aedes;
  /** Cuts all connections and forgets everything; may be called twice. */
  stop(): Promise<void>;
  /** Stops, and starts an empty broker on the same port. */
  restart(): Promise<void>;
}

type AedesOptions = Parameters<typeof Aedes.createBroker>[0];

/** On a free loopback port. */
export async function startAedes(options: AedesOptions = {}): Promise<AedesBroker> {
  let running = await listen(0, options);
  const { port } = running.server.address() as AddressInfo;
  return {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    get broker() {
      return running.broker;
    },
    stop: () => stop(running),
    restart: async () => {
      await stop(running);
      running = await listen(port, options);
    },
  };
}

interface Running {
  readonly broker: Aedes;
  readonly server: Server;
  readonly sockets: Set<Socket>;
}

async function listen(port: number, options: AedesOptions): Promise<Running> {
  const broker = await Aedes.createBroker(options);
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    broker.handle(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return { broker, server, sockets };
}

async function stop({ broker, server, sockets }: Running): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const socket of sockets) socket.destroy();
  await closed;
  await new Promise<void>((resolve) => broker.close(() => resolve()));
}
