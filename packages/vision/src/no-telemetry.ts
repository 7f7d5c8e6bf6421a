/**
 * onnxruntime 1.29 and later tells its maker over the internet which models run where, and keeps a device id and a queue
 * in the user's cache folder, unless its environment says so before its first session (its docs/Privacy.md). Nothing of
 * Beckon leaves the house; so this is imported by whatever loads onnxruntime or starts threads that do. It must happen on
 * the main thread: what a thread sets in `process.env` is a copy, which native code does not see.
 */
process.env["ORT_DISABLE_TELEMETRY"] = "1";
