import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { CommandFailure, Interrupted } from "./usage.ts";

/** A line is never longer: what a pipe holds may be anything. */
const MAX_CHARACTERS = 64 * 1024;

/** Where a secret is typed or piped in: `process.stdin`, and `process.stderr` for the questions. */
export interface SecretTerminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
}

/**
 * Reads a secret without showing it: asked for twice on a terminal, the first line where it is piped in. Never from the
 * arguments of the command, which every user of the machine can list.
 *
 * @throws Interrupted at Ctrl-C
 * @throws CommandFailure when there is none, or the two differ
 */
export async function readSecret(what: string, terminal: SecretTerminal): Promise<string> {
  const secret = terminal.input.isTTY ? await askTwice(what, terminal) : await firstLine(terminal.input);
  if (secret === "") throw new CommandFailure(`no ${what} came: type one, or pipe it in`);
  return secret;
}

async function askTwice(what: string, { input, output }: SecretTerminal): Promise<string> {
  const silent = new Writable({ write: (_bytes, _encoding, done) => done() });
  const lines = createInterface({ input, output: silent, terminal: true, historySize: 0 });
  const closed = new Promise<never>((_, reject) => {
    lines.prependOnceListener("close", () => reject(new Interrupted("interrupted")));
    lines.once("SIGINT", () => lines.close());
  });
  const ask = async (question: string): Promise<string> => {
    const answer = lines.question("");
    // It is rejected too when the terminal closes, in words of its own.
    answer.catch(() => {});
    output.write(`${question}: `);
    const typed = await Promise.race([closed, answer]);
    output.write("\n");
    return typed;
  };
  try {
    const first = await ask(`The ${what}, which is not shown`);
    if (first !== "" && (await ask("Once more")) !== first)
      throw new CommandFailure("the two differ: try again, slowly");
    return first;
  } finally {
    closed.catch(() => {});
    lines.close();
  }
}

async function firstLine(input: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of input) {
    text += String(chunk);
    if (text.includes("\n") || text.length > MAX_CHARACTERS) break;
  }
  return (text.split("\n", 1)[0] ?? "").replace(/\r$/, "");
}
