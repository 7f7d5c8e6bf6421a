import { type CommandInput, command } from "../command.ts";
import { withInterrupt } from "../interrupt.ts";
import { Progress } from "../progress.ts";

export const handFree = command({
  name: "hand-free",
  description: "Cut pictures without a hand from whole frames, beside the hands that were cut from them",
  args: {
    frames: { type: "string", valueHint: "folder", description: "Whole frames: <source>/<class>/<file>" },
    crops: { type: "string", valueHint: "folder", description: "The hands cut from them, of the same names" },
    out: { type: "string", valueHint: "folder", description: "Where the pictures go: <out>/<source>/hand-free/*.jpg" },
    every: { type: "string", valueHint: "n", description: "Only every n-th frame (default 1: all)" },
  },
  run,
});

async function run({ args }: CommandInput): Promise<void> {
  const { cutHandFree } = await import("@beckon/training");
  const wanted = (flag: string) => args.required(args.text(flag), `--${flag}: a folder is wanted`);
  const options = {
    frames: wanted("frames"),
    crops: wanted("crops"),
    out: wanted("out"),
    every: args.number("every", { min: 1, max: 1000, whole: true }) ?? 1,
  };
  const progress = new Progress(process.stderr);
  const onProgress = (done: number, total: number) => progress.update(() => `searched ${done} of ${total} frames`);
  const { squares, skipped } = await withInterrupt((signal) => cutHandFree({ ...options, signal, onProgress })).finally(
    () => progress.clear(),
  );
  process.stdout.write(`Cut ${squares} pictures without a hand into ${options.out}; skipped ${skipped} frames.\n`);
}
