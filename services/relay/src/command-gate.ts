import type { RelayCommand } from "@beckon/protocol";

/** A command and how it came. */
export interface Arrival {
  readonly command: RelayCommand;
  readonly retained: boolean;
  readonly qos: 0 | 1 | 2;
  /** Ms since the epoch when it arrived, by the wall clock: it is compared with another machine's. */
  readonly wallTime: number;
  /** Ms since the connection to the broker was made. */
  readonly connectedFor: number;
}

/** Why a command was not obeyed, and what may help. */
export interface CommandRefusal {
  readonly reason: "retained" | "reconnect" | "stale" | "clock" | "duplicate" | "twice" | "rate";
  readonly detail?: string;
}

/** What a broker sends right after connecting may have waited there; a command without a time could be of any age. */
const SETTLING_MS = 1000;
/** Beyond it an id is forgotten; a command with a time is stale long before. */
const REMEMBERED_MS = 600_000;
const MAX_IDS = 4096;

/** Decides which commands are of now, and are obeyed once. */
export class CommandGate {
  readonly #maxAge: number;
  readonly #tolerance: number;
  /** By id, when it came; the oldest first. */
  readonly #ids = new Map<string, number>();

  /** Both in ms. The clock of who sends is not known, so it may be off by the tolerance. */
  constructor({ maxAge, clockTolerance }: { maxAge: number; clockTolerance: number }) {
    this.#maxAge = maxAge;
    this.#tolerance = clockTolerance;
  }

  /** @returns why not, or undefined: obey it */
  judge({ command, retained, qos, wallTime, connectedFor }: Arrival): CommandRefusal | undefined {
    if (retained) return { reason: "retained" };
    const { at, id, state } = command;
    if (at === undefined && connectedFor < SETTLING_MS) return { reason: "reconnect" };
    if (at !== undefined) {
      const age = wallTime - at;
      const detail = `its clock and ours are ${Math.abs(Math.round(age))} ms apart`;
      if (age > this.#maxAge + this.#tolerance) return { reason: "stale", detail };
      if (age < -this.#tolerance) return { reason: "clock", detail };
    }
    if (id === undefined)
      return state === "TOGGLE" && qos > 0
        ? { reason: "twice", detail: "a TOGGLE without id may come twice with QoS 1: send it with QoS 0, or ON or OFF" }
        : undefined;
    return this.#remember(id, wallTime);
  }

  #remember(id: string, wallTime: number): CommandRefusal | undefined {
    for (const [old, at] of this.#ids) {
      if (wallTime - at < REMEMBERED_MS) break;
      this.#ids.delete(old);
    }
    if (this.#ids.has(id)) return { reason: "duplicate" };
    // To forget one that may come again would be to obey it twice.
    if (this.#ids.size >= MAX_IDS) return { reason: "rate", detail: "more commands than can be told apart" };
    this.#ids.set(id, wallTime);
    return undefined;
  }
}
