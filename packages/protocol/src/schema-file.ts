/** Writes schema.json: `npm run schema -w @beckon/protocol`. */
import { writeFileSync } from "node:fs";
import { protocolSchema } from "./json-schema.ts";

writeFileSync(new URL("../schema.json", import.meta.url), `${JSON.stringify(protocolSchema(), null, 2)}\n`);
