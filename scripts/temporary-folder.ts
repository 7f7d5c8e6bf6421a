import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Gives a test run a temporary folder of its own, for its processes and their children: what trainings keep there for later ones
 * (decoded pictures, features) would otherwise stay behind, new with every run.
 *
 * @returns removes it
 */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "beckon-tests-"));
  process.env["TMPDIR"] = folder;
  // What services keep for their user is not to be found among what the tests leave, nor the other way round.
  process.env["XDG_STATE_HOME"] = join(folder, "state");
  process.env["XDG_DATA_HOME"] = join(folder, "data");
  // Tests that run onnxruntime by itself are as quiet as what they test.
  process.env["ORT_DISABLE_TELEMETRY"] = "1";
  return () => rmSync(folder, { recursive: true, force: true });
}
