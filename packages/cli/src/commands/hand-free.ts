import { type CommandInput, command } from "../command.ts";

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
  const { squares, skipped } = await cutHandFree(options);
  process.stdout.write(`Cut ${squares} pictures without a hand into ${options.out}; skipped ${skipped} frames.\n`);
}
