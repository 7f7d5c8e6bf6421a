import { fileURLToPath } from "node:url";

/** What `beckon up` runs where there is no beckon.yaml. */
export const DEFAULT_FILE = fileURLToPath(new URL("../../beckon.default.yaml", import.meta.url));
