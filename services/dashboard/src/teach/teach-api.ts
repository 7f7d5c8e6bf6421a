/**
 * What the page and its service say to each other over HTTP, under `/api/teach`. Both sides parse with these; the file is
 * bundled into the page, so it knows nothing of Node.
 *
 * GET    /api/teach                                  TeachState
 * POST   /api/teach/recordings                       StartRecording -> { id }; ends by DELETE .../running, or by itself
 * DELETE /api/teach/recordings/running               ends the recording -> { ended? }, a RecordingEnd; a refusal when it
 *                                                    could not be kept (a full disk, a silent camera). Twice is allowed.
 * GET    /api/teach/recordings/:id/:picture          a JPEG
 * DELETE /api/teach/recordings/:id/:picture          throws one sample out
 * DELETE /api/teach/recordings/:id?gesture=          throws a recording out; the gesture only where the folder holds
 *                                                    several, as those of `beckon collect` may (`id` is in the list twice)
 * DELETE /api/teach/gestures/:gesture                throws a gesture out, percent-encoded
 * POST   /api/teach/training                         starts it; ends by itself
 * DELETE /api/teach/training                         stops it
 *
 * Each needs `Authorization: Bearer <token>` (see ../web/sessions.ts). A refusal is `{ "error": "..." }` with 4xx or 507.
 */
import { Name } from "@beckon/protocol";
import * as z from "zod";

/**
 * The name of a taught gesture. It becomes the name of a folder and a class of a model, so it is of letters, digits, space,
 * `-`, `_` and begins and ends with a letter or digit: nothing that a path, a topic or a page could read otherwise.
 */
export const GestureName = z
  .string()
  .transform((name) => name.normalize("NFC").trim().replace(/ +/g, " "))
  .pipe(
    z
      .string()
      .regex(
        /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N} _-]{0,30}[\p{L}\p{M}\p{N}])?$/u,
        "must be 1 to 32 letters, digits, spaces, - or _, and begin and end with a letter or digit",
      )
      .refine((name) => !TAKEN.test(name), "means something else here: choose another"),
  );

/** What a person, and some file systems, take for the same name of a gesture. */
export function folded(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}

/** The class of everything that is none of the gestures; asked for, because without it every hand is one of them. */
export const OTHERS = "others";

export const StartRecording = z.object({ gesture: GestureName, camera: Name });
export type StartRecording = z.infer<typeof StartRecording>;

/** Folders of these names cannot be on Windows, and `unknown` is what a model answers when it is not sure. */
const TAKEN = /^(con|prn|aux|nul|com\p{N}|lpt\p{N}|unknown)$/iu;

/** A recording ends by itself then, in ms: with 160 pictures, and a longer one teaches little more. */
export const LONGEST_RECORDING_MS = 20_000;

export const RecordingId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/);
export const PictureName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}\.jpg$/);

export const Recording = z.object({
  id: RecordingId,
  gesture: z.string(),
  camera: z.string(),
  startedAt: z.number(),
  pictures: z.array(PictureName),
});
export type Recording = z.infer<typeof Recording>;

/** How the last recording ended. */
export const RecordingEnd = z.object({
  id: RecordingId,
  gesture: z.string(),
  pictures: z.number().int(),
  /** Frames that could not be read. */
  skipped: z.number().int(),
  /** Why it ended before it was told to, and what to do, in one line; absent when it ended as it should. */
  error: z.string().optional(),
});
export type RecordingEnd = z.infer<typeof RecordingEnd>;

/** How a model did on recordings that it was not trained on. */
export const Judgement = z.object({
  pictures: z.number().int(),
  /** 0..1, with its 95 % interval; macro: classes count alike. */
  accuracy: z.number(),
  low: z.number(),
  high: z.number(),
  labels: z.array(z.string()),
  /**
   * Row: what was shown; column: what it was taken for, the last one `unknown`: one column more than labels. The accuracy
   * counts the likeliest class even where it is below the threshold, so the diagonal may sum up to less.
   */
  confusion: z.array(z.array(z.number().int())),
});
export type Judgement = z.infer<typeof Judgement>;

/** A bundle that was trained here, by the name of its folder: what the classifier's `/set` is told. */
export const TaughtModel = z.object({
  folder: Name,
  madeAt: z.number(),
  labels: z.array(z.string()),
  judgement: Judgement.optional(),
});
export type TaughtModel = z.infer<typeof TaughtModel>;

export const Training = z.object({
  phase: z.enum(["starting", "reading", "training", "judging", "done", "failed", "stopped"]),
  /** 0..1. */
  progress: z.number(),
  startedAt: z.number(),
  /** The model that came of it. */
  folder: Name.optional(),
  /** Why it failed, and what to do, in one line. */
  error: z.string().optional(),
});
export type Training = z.infer<typeof Training>;

export const TeachState = z.object({
  /** Newest last. */
  recordings: z.array(Recording),
  running: z
    .object({
      id: RecordingId,
      gesture: z.string(),
      camera: z.string(),
      pictures: z.number().int(),
      endsAt: z.number(),
    })
    .optional(),
  /** Of the last recording since the service started. */
  ended: RecordingEnd.optional(),
  /** Newest last. */
  models: z.array(TaughtModel),
  training: Training.optional(),
  /** What is still wanted before training makes sense, in words for people; empty when it does. */
  wanted: z.array(z.string()),
  /** Where samples and models lie on the machine of the service. */
  folders: z.object({ samples: z.string(), models: z.string() }),
});
export type TeachState = z.infer<typeof TeachState>;

/** The model's name on the bus, whichever folder it comes from. */
export const TAUGHT_MODEL = "taught";

export const Refusal = z.object({ error: z.string() });
