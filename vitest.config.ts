import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { ClosingLineReporter } from "./scripts/closing-line-reporter.ts";

export default defineConfig({
  test: {
    include: ["{packages,services}/*/{src,bin,page}/**/*.test.{ts,tsx}", "{test,scripts}/**/*.test.ts"],
    globalSetup: fileURLToPath(new URL("./scripts/temporary-folder.ts", import.meta.url)),
    // A process per file: onnxruntime, sharp and tfjs keep state and threads of their own.
    pool: "forks",
    // Two cores are the smallest machine the suite is meant for; deadlines only catch a hang.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ["default", new ClosingLineReporter()],
  },
});
