import { z } from "zod";

/** What a schema says of a field beyond its values. */
export interface Marks {
  /** `/set` may change it, and all that is in it. */
  readonly changeable?: true;
  /** It never leaves the process: not on `/config`, not in a message. */
  readonly secret?: true;
}

const marks = z.registry<Marks>();

/** Marks a field of a configuration as one that `/set` may change while the service runs. */
export function changeable<S extends z.ZodType>(schema: S): S {
  return marked(schema, { changeable: true });
}

/** Marks a field of a configuration as one that nobody is shown. */
export function secret<S extends z.ZodType>(schema: S): S {
  return marked(schema, { secret: true });
}

/** @returns the marks of this very schema, without those that a wrapper such as `default()` hides */
export function ownMarks(schema: z.core.$ZodType): Marks {
  return marks.get(schema) ?? {};
}

/** A copy is marked, which inherits the marks of the original: `Roi` may be changeable here and fixed there. */
function marked<S extends z.ZodType>(schema: S, mark: Marks): S {
  const copy = schema.clone();
  marks.add(copy, mark);
  return copy;
}
