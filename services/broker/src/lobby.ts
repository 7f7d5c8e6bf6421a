import type { Duplex } from "node:stream";
import type { Loss, Visitor } from "./broker.ts";

/**
 * Ms from the first byte of TCP to the end of the log-in, TLS and WebSocket included: so long may somebody stay who says
 * nothing, or says it a byte at a time.
 */
export const LOGIN_MS = 4500;

export interface LobbyLimits {
  /** Connections at once. */
  readonly connections: number;
  /** Of them, such as have not logged in: each may hold a WebSocket message of 2 MB. */
  readonly strangers: number;
  readonly loginMs: number;
}

/** Where connections of all listeners wait until they have logged in. */
export class Lobby {
  readonly #limits: LobbyLimits;
  readonly #lost: (loss: Loss, detail: string) => void;
  readonly #inside = new Set<Duplex>();
  #strangers = 0;

  constructor(limits: LobbyLimits, lost: (loss: Loss, detail: string) => void) {
    this.#limits = limits;
    this.#lost = lost;
  }

  /**
   * @param socket or a pipe within the process
   * @returns undefined when there is no place; the socket is closed then
   */
  enter(socket: Duplex, address = "an unknown address"): Visitor | undefined {
    // A connection that breaks is no news, whatever it is used for.
    socket.on("error", () => {});
    if (this.#inside.size >= this.#limits.connections || this.#strangers >= this.#limits.strangers) {
      this.#lost("too-many-connections", `${this.#inside.size} are open; ${address} is refused`);
      socket.destroy();
      return undefined;
    }
    this.#inside.add(socket);
    this.#strangers += 1;
    const deadline = setTimeout(() => {
      this.#lost("silent", `${address} did not log in within ${this.#limits.loginMs} ms`);
      socket.destroy();
    }, this.#limits.loginMs);
    let isStranger = true;
    const admitted = (): void => {
      clearTimeout(deadline);
      if (isStranger) this.#strangers -= 1;
      isStranger = false;
    };
    socket.once("close", () => {
      admitted();
      this.#inside.delete(socket);
    });
    return { address, admitted };
  }

  /** Closes whatever is open. */
  clear(): void {
    for (const socket of this.#inside) socket.destroy();
  }
}
