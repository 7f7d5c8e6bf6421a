import { runBeckon } from "./beckon.ts";
import { EXIT, outcomeOf } from "./failure.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // `beckon ... | head` closes the pipe when it has seen enough; that is no error.
  if (error.code === "EPIPE") process.exit(EXIT.ok);
  const { text, code } = outcomeOf(error);
  process.stderr.write(`${text}\n`);
  process.exit(code);
});
// Where nobody reads complaints, the exit code still tells.
process.stderr.on("error", () => {});

process.exitCode = await runBeckon(process.argv.slice(2));
