/** Where pictures go. Decoding is asynchronous, so newer ones arrive meanwhile. */
export interface PictureSink<P> {
  decode(jpeg: Uint8Array): Promise<P>;
  /** Draws it, and frees it. */
  draw(picture: P): void;
  /** Frees one that is not drawn. */
  discard(picture: P): void;
  /** Calls back when the screen is drawn next. */
  nextFrame(draw: () => void): void;
}

/** Shows the newest of many: one picture is decoded at a time, one waits, one is ready for the screen. */
export interface NewestPicture {
  offer(jpeg: Uint8Array): void;
  /** Nothing is decoded or drawn any more until the next offer. */
  forget(): void;
  readonly counts: Readonly<PictureCounts>;
}

/** offered = drawn + superseded + unreadable + in hand (3 at most). */
export interface PictureCounts {
  offered: number;
  drawn: number;
  /** Replaced by a newer one, or no longer wanted. */
  superseded: number;
  unreadable: number;
}

export function createNewestPicture<P>(sink: PictureSink<P>): NewestPicture {
  const counts: PictureCounts = { offered: 0, drawn: 0, superseded: 0, unreadable: 0 };
  let waiting: Uint8Array | undefined;
  let ready: P | undefined;
  let busy = false;
  let asked = false;
  /** A picture that was being decoded when it was no longer wanted is not drawn. */
  let era = 0;

  const toScreen = (picture: P): void => {
    if (ready !== undefined) {
      sink.discard(ready);
      counts.superseded += 1;
    }
    ready = picture;
    if (asked) return;
    asked = true;
    sink.nextFrame(() => {
      asked = false;
      if (ready === undefined) return;
      counts.drawn += 1;
      const shown = ready;
      ready = undefined;
      sink.draw(shown);
    });
  };

  const work = async (): Promise<void> => {
    busy = true;
    while (waiting) {
      const [jpeg, begun] = [waiting, era];
      waiting = undefined;
      try {
        const picture = await sink.decode(jpeg);
        if (begun === era) toScreen(picture);
        else {
          sink.discard(picture);
          counts.superseded += 1;
        }
      } catch {
        counts.unreadable += 1;
      }
    }
    busy = false;
  };

  return {
    counts,
    offer: (jpeg) => {
      counts.offered += 1;
      if (waiting) counts.superseded += 1;
      waiting = jpeg;
      if (!busy) void work();
    },
    forget: () => {
      era += 1;
      if (waiting) counts.superseded += 1;
      waiting = undefined;
      if (ready === undefined) return;
      sink.discard(ready);
      counts.superseded += 1;
      ready = undefined;
    },
  };
}
