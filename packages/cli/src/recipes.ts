import type { Architecture, Recipe } from "@beckon/training";

/** A recipe in a few words: `40 epochs of batch 64, Adam 0.002, ...`. */
export function recipeLine(recipe: Recipe): string {
  const { optimiser, schedule, stepsPerEpoch, labelSmoothing, countsPerClass } = recipe;
  const decay = optimiser.weightDecay ? `, weight decay ${optimiser.weightDecay}` : "";
  const momentum = optimiser.type === "sgd" && optimiser.momentum ? `, momentum ${optimiser.momentum}` : "";
  return [
    `${recipe.epochs} epochs of batch ${recipe.batch}${stepsPerEpoch === undefined ? "" : ` and ${stepsPerEpoch} steps`}`,
    `${optimiser.type === "adam" ? "Adam" : "SGD"} ${plain(optimiser.rate)}${momentum}${decay}`,
    schedule.type === "cosine" ? `cosine rate after ${percentOf(schedule.warmUp)} of warm-up` : "constant rate",
    `augmentation ${recipe.augmentation}`,
    ...(labelSmoothing > 0 ? [`label smoothing ${labelSmoothing}`] : []),
    countsPerClass
      ? `${countsPerClass[0]} to train and ${countsPerClass[1]} to validate of each class`
      : `validation ${percentOf(recipe.validation)}`,
    recipe.threshold > 0 ? `unknown below ${recipe.threshold}` : "always an answer",
    ...(recipe.averaging > 0 ? [`weights averaged by ${recipe.averaging}`] : []),
    `keeps ${kept(recipe.checkpointEvery)}`,
  ].join(", ");
}

/** What `beckon train --help` says below the flags: every architecture with its recipe. */
export async function recipesHelp(): Promise<string> {
  const { architectures } = await import("@beckon/training");
  return [
    "RECIPES  what each architecture does unless a flag says otherwise",
    "",
    ...architectures.map(paragraph),
  ].join("\n");
}

function paragraph(architecture: Architecture): string {
  const { name, side, summary, recipe, reported, widthMeaning } = architecture;
  return [
    `  ${name}  ${side}x${side}: ${summary}`,
    ...wrap(`recipe: ${recipeLine(recipe)}`),
    ...(widthMeaning === undefined ? [] : wrap(`--width: ${widthMeaning}`)),
    ...(reported === undefined ? [] : wrap(`its authors: ${reported}`)),
    "",
  ].join("\n");
}

/** Lines of at most 100 characters, indented. */
function wrap(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 94) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line, index) => `      ${index === 0 ? "" : "  "}${line}`);
}

function percentOf(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`;
}

/** `0.00005`, where JavaScript would write 5e-5. */
function plain(value: number): string {
  return value.toFixed(8).replace(/\.?0+$/, "");
}

function kept(every: number): string {
  if (every === 0) return "the best and the last epoch";
  return every === 1 ? "every epoch" : `the best, the last and every ${every}th epoch`;
}
