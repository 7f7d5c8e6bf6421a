/** Most frames on their way to the broker. */
const MOST_FRAMES = 3;
/** More than one only as long as they are smaller than this together, in bytes. */
const MOST_BYTES = 200_000;

/**
 * Keeps what is on its way small: on a network that is slower than the camera, frames that queue up would arrive late,
 * and later and later. What does not fit is skipped, for a newer one follows.
 */
export class InFlight {
  #frames = 0;
  #bytes = 0;

  get frames(): number {
    return this.#frames;
  }

  /**
   * @param size of the frame that would go next, in bytes
   * @param backlog bytes that wait in the socket, of whatever kind
   */
  hasRoom(size: number, backlog: number): boolean {
    if (this.#frames >= MOST_FRAMES || backlog >= MOST_BYTES) return false;
    return this.#frames === 0 || Math.max(this.#bytes, backlog) + size < MOST_BYTES;
  }

  /** Counts a frame until its publishing settles. */
  async track<T>(size: number, publishing: Promise<T>): Promise<T> {
    this.#frames += 1;
    this.#bytes += size;
    try {
      return await publishing;
    } finally {
      this.#frames -= 1;
      this.#bytes -= size;
    }
  }
}
