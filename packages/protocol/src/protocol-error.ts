/** Why a payload or a topic was refused; the same words are the drop reasons in the stats. */
export type RefusalReason = "too-large" | "bad-json" | "bad-shape" | "bad-image" | "bad-envelope" | "bad-topic";

/** Bytes or names from the network that do not fit the wire contract: the only error a codec throws. */
export class ProtocolError extends Error {
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ProtocolError";
    this.reason = reason;
  }
}
