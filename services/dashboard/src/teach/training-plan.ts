import { folded, OTHERS, type Recording } from "./teach-api.ts";

/** What a training is to learn from, and what it is judged by. */
export interface TrainingPlan {
  /** As the folders are named; `others` among them. */
  readonly classes: readonly string[];
  /** Ids of the recordings that no training sees: of each gesture the last one. */
  readonly heldBack: readonly string[];
}

/** Fewer pictures than this teach nothing, and judge nothing. At 8 a second they take two seconds. */
const FEWEST_PICTURES = 15;

/**
 * What is still wanted, in words for people; nothing when a training makes sense.
 *
 * Of each gesture the last recording is held back to judge by, whole: pictures of one recording are near-duplicates, and
 * a model that has seen their neighbours would only remember them.
 */
export function planTraining(recordings: readonly Recording[]): TrainingPlan & { readonly wanted: readonly string[] } {
  const classes = [...new Set(recordings.map(({ gesture }) => gesture))].sort();
  const heldBack = [...new Set(classes.flatMap((gesture) => lastOf(recordings, gesture)?.id ?? []))];
  const wanted = [
    ...missingClasses(classes),
    ...classes.flatMap((gesture) => missingPictures(recordings, heldBack, gesture)),
    ...sameNames(classes),
  ];
  return { classes, heldBack, wanted };
}

function lastOf(recordings: readonly Recording[], gesture: string): Recording | undefined {
  return recordings.filter((recording) => recording.gesture === gesture).at(-1);
}

function missingClasses(classes: readonly string[]): string[] {
  const wanted: string[] = [];
  if (classes.every((gesture) => gesture === OTHERS)) wanted.push("Record a gesture, twice.");
  if (!classes.includes(OTHERS))
    wanted.push(`Record "${OTHERS}", twice: the room without your hand, and your hand doing none of the gestures.`);
  return wanted;
}

function missingPictures(recordings: readonly Recording[], heldBack: readonly string[], gesture: string): string[] {
  const own = recordings.filter((recording) => recording.gesture === gesture);
  const learned = own.filter(({ id }) => !heldBack.includes(id));
  if (learned.length === 0)
    return [
      `Record "${gesture}" once more: the last recording is kept to test with, and there must be another to learn.`,
    ];
  const pictures = { learn: countOf(learned), test: own.at(-1)?.pictures.length ?? 0 };
  if (pictures.learn >= FEWEST_PICTURES && pictures.test >= FEWEST_PICTURES) return [];
  const short = pictures.learn < FEWEST_PICTURES ? pictures.learn : pictures.test;
  const where = pictures.learn < FEWEST_PICTURES ? "to learn from" : "in its last recording, to test with";
  return [`Record "${gesture}" for longer: it has ${short} pictures ${where}, and ${FEWEST_PICTURES} are wanted.`];
}

function countOf(recordings: readonly Recording[]): number {
  return recordings.reduce((sum, { pictures }) => sum + pictures.length, 0);
}

/** Only folders that were made by hand can be so. */
function sameNames(classes: readonly string[]): string[] {
  return classes.flatMap((gesture, index) => {
    const twin = classes.slice(0, index).find((other) => folded(other) === folded(gesture));
    return twin === undefined ? [] : [`Give the folders "${twin}" and "${gesture}" one name: they are one gesture.`];
  });
}
