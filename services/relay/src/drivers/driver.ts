import type { Bus, ServiceContext } from "@beckon/runtime";

/** What switches one relay. Off when it opens, off when it closes. */
export interface RelayDriver {
  /**
   * Switches, and resolves when the hardware has it.
   *
   * @throws {Error} of one line when it could not; whether it switched is then unknown
   */
  set(on: boolean): Promise<void>;
  /** Switches off and lets go. Safe to call twice. */
  close(): Promise<void>;
}

/** What a driver is given besides its own configuration. */
export interface DriverContext {
  /** Of the relay. */
  readonly name: string;
  readonly activeLow: boolean;
  /** Ms; a plug with a timer of its own gets it. */
  readonly maxOn: number | undefined;
  readonly bus: Bus;
  readonly log: Pick<ServiceContext<unknown>["log"], "info" | "warn" | "debug">;
  /** To be called when the hardware went off, or may have, by itself. */
  readonly lost: (detail: string) => void;
}
