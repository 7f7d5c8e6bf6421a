import { type ArgsDef, type CommandDef, defineCommand } from "citty";
import { Arguments } from "./arguments.ts";

/** What a command is given to work with. */
export interface CommandInput {
  readonly args: Arguments;
  /** The whole command as typed, quoted so that a shell reads it again. */
  readonly typed: string;
}

/** A command of ours: one line for the list, its arguments, what it does. */
export interface CommandPlan {
  readonly name: string;
  readonly description: string;
  readonly args: ArgsDef;
  readonly run: (input: CommandInput) => Promise<void>;
}

/** Makes a citty command whose arguments are read strictly. */
export function command({ name, description, args, run }: CommandPlan): CommandDef {
  return defineCommand({
    meta: { name, description },
    args,
    run: ({ rawArgs, data }) => run({ args: new Arguments(rawArgs, args), typed: asTyped(data) }),
  });
}

/** `beckon train --data 'my hands'`: what stands on a model's card, so that anyone can do it again. */
function asTyped(words: unknown): string {
  const all = Array.isArray(words) ? words.map(String) : [];
  return [
    "beckon",
    ...all.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)),
  ].join(" ");
}
