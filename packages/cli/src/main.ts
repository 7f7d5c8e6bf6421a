import { runBeckon } from "./beckon.ts";

// `beckon ... | head` closes the pipe when it has seen enough; that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await runBeckon(process.argv.slice(2));
