import { hostname } from "node:os";
import { Name } from "@beckon/protocol";

const LONGEST = 32;

/** What an instance is called where nobody says so: by its machine, written as a name in topics is. */
export function instanceName(host = hostname()): string {
  const name = dashed(host);
  return Name.safeParse(name).success ? name : dashed(`host-${name}`);
}

function dashed(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, LONGEST)
    .replaceAll(/^-+|-+$/g, "");
}
