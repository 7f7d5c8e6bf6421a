/** A frame may come so much of a period early: cameras are not that even. */
const SLACK = 0.25;

/** Lets at most so many frames a second through, evenly: of 30 a second for 15, every other. */
export class FrameRate {
  #due = Number.NEGATIVE_INFINITY;

  /**
   * @param at of the frame, ms
   * @param fps frames a second
   */
  admits(at: number, fps: number): boolean {
    const period = 1000 / fps;
    if (at < this.#due - SLACK * period) return false;
    // By the schedule, so that the rate comes out right; but what was missed is not made up for.
    this.#due = (at - this.#due > period ? at : this.#due) + period;
    return true;
  }
}
