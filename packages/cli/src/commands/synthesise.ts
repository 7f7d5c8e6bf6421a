import { type CommandInput, command } from "../command.ts";
import { withInterrupt } from "../interrupt.ts";
import { Progress } from "../progress.ts";
import { UsageError } from "../usage.ts";

export const synthesise = command({
  name: "synthesise",
  description: "Draw a training source with the synthetic hand: <out>/synthetic/<sign>/*.jpg",
  args: {
    out: { type: "string", valueHint: "folder", description: "Where the pictures go" },
    signs: { type: "string", valueHint: "names", description: "A,B,0,5,rest,none (default the 24 static letters)" },
    count: { type: "string", valueHint: "n", description: "Pictures of each sign, 1 to 10000 (default 60)" },
    side: { type: "string", valueHint: "pixels", description: "Side of the pictures, 32 to 1024 (default 128)" },
    seed: { type: "string", valueHint: "n", description: "The same seed draws the same pictures (default 1)" },
  },
  run,
});

async function run({ args }: CommandInput): Promise<void> {
  const [{ drawSyntheticSource }, { SIGNS }] = await Promise.all([
    import("@beckon/training"),
    import("@beckon/synthetic"),
  ]);
  const letters = SIGNS.filter((sign) => /^[A-Z]$/.test(sign));
  const signs = args.list("signs") ?? letters;
  const unknown = signs.find((sign) => !SIGNS.includes(sign));
  if (unknown !== undefined) throw new UsageError(`--signs: no sign "${unknown}"; there are ${SIGNS.join(" ")}`);
  const options = {
    folder: args.required(args.text("out"), "--out: the folder for the pictures is wanted"),
    signs,
    perSign: args.number("count", { min: 1, max: 10_000, whole: true }) ?? 60,
    side: args.number("side", { min: 32, max: 1024, whole: true }) ?? 128,
    seed: args.number("seed", { min: 0, max: 2 ** 31, whole: true }) ?? 1,
  };
  const progress = new Progress(process.stderr);
  const onProgress = (done: number, total: number) => progress.update(() => `drew ${done} of ${total} pictures`);
  const count = await withInterrupt((signal) => drawSyntheticSource({ ...options, signal, onProgress })).finally(() =>
    progress.clear(),
  );
  process.stdout.write(`Drew ${count} pictures of ${signs.length} signs into ${options.folder}/synthetic.\n`);
}
