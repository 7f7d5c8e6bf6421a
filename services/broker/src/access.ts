import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { type Grant, mayPublish, maySubscribe } from "@beckon/protocol";
import { verifyPassword } from "./password.ts";

/** Who somebody is that logged in. */
export interface Identity {
  /** Undefined where nobody has a name: on a broker without users, and for this process itself. */
  readonly user?: string;
  mayPublish(path: string): boolean;
  maySubscribe(filter: string): boolean;
}

/** Why somebody is not let in. `busy`: too many are being checked, and a later attempt may succeed. */
export type LoginRefusal = "unknown" | "busy";

/** Who may come in, and what for. */
export interface Access {
  /** Whether everybody must give a name and a password. */
  readonly named: boolean;
  /** @param address of whom asks, for nobody may take all the attempts */
  login(user: string | undefined, password: Uint8Array | undefined, address: string): Promise<Identity | LoginRefusal>;
}

/** As an entry of `broker.users` in beckon.yaml. */
export interface User extends Grant {
  /** Of `hashPassword`. */
  readonly password: string;
}

/** May do everything. */
export const EVERYTHING: Identity = { mayPublish: () => true, maySubscribe: () => true };

/** Everybody may do everything: for a broker that only this machine can reach. */
export function openAccess(): Access {
  return { named: false, login: async () => EVERYTHING };
}

/** Checks that run at once: each holds a thread of libuv's four, which files and name look-ups need too. */
const MAX_CHECKS = 2;
/** Checks that wait, in all and of one address. */
const MAX_WAITING = 32;
const MAX_WAITING_OF_ONE = 8;

/**
 * Users with a password and a role.
 *
 * @param prefix of the topics, which the roles are about
 */
export function usersAccess(users: Readonly<Record<string, User>>, prefix: string): Access {
  const known = new Map(Object.entries(users));
  // A name that nobody has takes as long as one with a wrong password, so that names cannot be tried out.
  const [someone] = known.values();
  const checks = new Turns(MAX_CHECKS, MAX_WAITING, MAX_WAITING_OF_ONE);
  const remembered = new RememberedPasswords();
  return {
    named: true,
    login: async (name = "", password = new Uint8Array(), address) => {
      const user = known.get(name);
      if (user && remembered.has(name, password)) return identity(name, user, prefix);
      const hash = (user ?? someone)?.password ?? "";
      const fits = await checks.run(address, () => verifyPassword(password, hash));
      if (fits === undefined) return "busy";
      if (!fits || !user) return "unknown";
      remembered.add(name, password);
      return identity(name, user, prefix);
    },
  };
}

function identity(user: string, grant: Grant, prefix: string): Identity {
  return {
    user,
    mayPublish: (path) => mayPublish(grant, prefix, path),
    maySubscribe: (filter) => maySubscribe(grant, prefix, filter),
  };
}

/**
 * The last right password of each user, so that a house full of services is back at once after an outage and a flood of
 * wrong ones cannot keep them out. Kept as a keyed hash whose key never leaves the process.
 */
class RememberedPasswords {
  readonly #key = randomBytes(32);
  readonly #digests = new Map<string, Buffer>();

  has(user: string, password: Uint8Array): boolean {
    const digest = this.#digests.get(user);
    return digest !== undefined && timingSafeEqual(digest, this.#digest(password));
  }

  add(user: string, password: Uint8Array): void {
    this.#digests.set(user, this.#digest(password));
  }

  #digest(password: Uint8Array): Buffer {
    return createHmac("sha256", this.#key).update(password).digest();
  }
}

/** Runs a few tasks at once, lets some wait, and turns the rest away. */
class Turns {
  readonly #atOnce: number;
  readonly #waiting: number;
  readonly #waitingOfOne: number;
  readonly #queue: { readonly address: string; readonly start: () => void }[] = [];
  #running = 0;

  constructor(atOnce: number, waiting: number, waitingOfOne: number) {
    this.#atOnce = atOnce;
    this.#waiting = waiting;
    this.#waitingOfOne = waitingOfOne;
  }

  /** @returns undefined when there is no place left for this address */
  async run<T>(address: string, task: () => Promise<T>): Promise<T | undefined> {
    if (this.#running >= this.#atOnce) {
      const ofThisOne = this.#queue.filter((waiting) => waiting.address === address).length;
      if (this.#queue.length >= this.#waiting || ofThisOne >= this.#waitingOfOne) return undefined;
      await new Promise<void>((start) => this.#queue.push({ address, start }));
    } else this.#running += 1;
    try {
      return await task();
    } finally {
      // The place passes on to whoever waits, so nobody slips in between.
      const next = this.#queue.shift();
      if (next) next.start();
      else this.#running -= 1;
    }
  }
}
