import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";

/** A wire that can be bad: it stands between a client and a broker on this machine. */
export interface TcpProxy {
  readonly port: number;
  /** Connections that are open now. */
  readonly connections: number;
  /** Connections there ever were. */
  readonly accepted: number;
  /**
   * The cable is pulled: connections stay open and new ones are accepted, and nothing passes in either direction, not even
   * an end. What was sent meanwhile waits in the sockets, as it would be sent again by TCP, and passes on `restore`.
   */
  blackHole(): void;
  /** Resets all connections and refuses new ones until `restore`. */
  cut(): Promise<void>;
  /** Resets all connections; new ones are welcome. */
  reset(): void;
  /** All passes again. */
  restore(): Promise<void>;
  stop(): Promise<void>;
}

/** @param targetPort on loopback */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const links = new Set<Link>();
  let holed = false;
  let accepted = 0;
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    accepted += 1;
    const far = createConnection({ port: targetPort, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    const link = new Link(near, far, holed, () => links.delete(link));
    links.add(link);
  });
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        server.off("error", reject);
        resolve();
      });
    });
  const reset = (): void => {
    for (const link of links) link.reset();
  };
  const cut = async (): Promise<void> => {
    if (!server.listening) return reset();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    reset();
    await closed;
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    get connections() {
      return links.size;
    },
    get accepted() {
      return accepted;
    },
    blackHole: () => {
      holed = true;
      for (const link of links) link.hold();
    },
    cut,
    reset,
    restore: async () => {
      holed = false;
      for (const link of links) link.pass();
      if (!server.listening) await listen(port);
    },
    stop: cut,
  };
}

/** Two sockets, and what goes between them. */
class Link {
  readonly #sockets: readonly [Socket, Socket];
  #held: boolean;
  /** What happened while it was held, and has to be passed on. */
  #late: (() => void)[] = [];

  constructor(near: Socket, far: Socket, held: boolean, gone: () => void) {
    this.#sockets = [near, far];
    this.#held = held;
    this.#forward(near, far);
    this.#forward(far, near);
    const closed = (): void => {
      if (near.destroyed && far.destroyed) gone();
    };
    near.once("close", closed);
    far.once("close", closed);
  }

  hold(): void {
    this.#held = true;
    for (const socket of this.#sockets) socket.pause();
  }

  pass(): void {
    if (!this.#held) return;
    this.#held = false;
    for (const happened of this.#late.splice(0)) happened();
    for (const socket of this.#sockets) socket.resume();
  }

  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #forward(from: Socket, to: Socket): void {
    from.on("data", (chunk) => {
      if (!to.write(chunk)) from.pause();
    });
    to.on("drain", () => {
      if (!this.#held) from.resume();
    });
    from.once("end", () => this.#whenOpen(() => to.end()));
    // A reset arrives as an error and is passed on as one.
    from.on("error", () => this.#whenOpen(() => to.resetAndDestroy()));
    if (this.#held) from.pause();
  }

  #whenOpen(happened: () => void): void {
    if (this.#held) this.#late.push(happened);
    else happened();
  }
}
