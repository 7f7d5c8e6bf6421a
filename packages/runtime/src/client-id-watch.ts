/**
 * A connection that ends so soon after the broker took it, in ms, was taken over by one that waited for its turn to come
 * back (see `reconnectDelay`), and not lost.
 */
const SHORT_LIFE_MS = 2000;
/** So many in a row are a fight. The broker names the reason in MQTT 5; in 3.1.1 it only closes, as when it restarts. */
const TOLD = 3;
const GUESSED = 5;

/** How a connection, or the attempt at one, ended. */
export interface Ending {
  /** Ms since the broker accepted it; undefined when it did not. */
  readonly lived: number | undefined;
  /** The broker said so (MQTT 5, reason 0x8e). */
  readonly takenOver: boolean;
  /** The broker closed it and gave no reason. */
  readonly closedByBroker: boolean;
}

/**
 * Notices that two processes use one client id. MQTT lets the newest connection win, so that two that reconnect throw
 * each other out for ever. Their short lives alternate: the newcomer's first is short, that of the other, which has been
 * there for long, is not, so that the newcomer is the first to have lost too often.
 */
export class ClientIdWatch {
  #lost = 0;

  /** @returns whether to give the client id up */
  ended({ lived, takenOver, closedByBroker }: Ending): boolean {
    // A broker that is away refuses the next attempt, or does not answer it: no fight.
    const short = lived !== undefined && lived < SHORT_LIFE_MS;
    this.#lost = short && (takenOver || closedByBroker) ? this.#lost + 1 : 0;
    return this.#lost >= (takenOver ? TOLD : GUESSED);
  }
}
