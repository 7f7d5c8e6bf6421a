import { Name, ROLES } from "@beckon/protocol";
import { defineCommand } from "citty";
import { type CommandInput, command } from "../command.ts";
import { printLines } from "../output.ts";
import { readSecret } from "../secret-input.ts";
import { CommandFailure, UsageError } from "../usage.ts";

const hash = command({
  name: "hash",
  description: "Read a password from the terminal or a pipe, and print the line for broker.users in beckon.yaml",
  args: {
    name: { type: "positional", required: false, description: "Of the user; without one only the password's own line" },
    role: { type: "string", valueHint: "role", description: `One of ${ROLES.join(", ")} (default viewer)` },
    cameras: { type: "string", valueHint: "names", description: "Of a camera or admin: may publish only these" },
  },
  run,
});

export const user = defineCommand({
  meta: { name: "user", description: "Users of the broker" },
  subCommands: { hash },
});

async function run({ args }: CommandInput): Promise<void> {
  const { hashPassword, UserName } = await import("@beckon/broker");
  const [name] = args.positionals;
  if (name !== undefined) check("<name>", name, UserName.safeParse(name));
  const role = args.choice("role", ROLES);
  const cameras = args.list("cameras");
  if (name === undefined && (role !== undefined || cameras !== undefined))
    throw new UsageError("--role and --cameras belong to a user: give a <name>");
  if (cameras !== undefined && role !== "camera" && role !== "admin")
    throw new UsageError("--cameras is for --role camera and --role admin: the others publish no frames");
  for (const camera of cameras ?? []) check("--cameras", camera, Name.safeParse(camera));
  const password = await readSecret("password", { input: process.stdin, output: process.stderr });
  printLines([userLine(await hashed(hashPassword, password), { name, role: role ?? "viewer", cameras })]);
}

interface Verdict {
  readonly error?: { readonly issues: readonly { readonly message: string }[] } | undefined;
}

function check(where: string, text: string, { error }: Verdict): void {
  const [fault] = error?.issues ?? [];
  if (fault) throw new UsageError(`${where} "${text}" ${fault.message}`);
}

async function hashed(hashPassword: (password: string) => Promise<string>, password: string): Promise<string> {
  try {
    return await hashPassword(password);
  } catch (error) {
    if (error instanceof RangeError) throw new CommandFailure(error.message, { cause: error });
    throw error;
  }
}

interface NewUser {
  readonly name: string | undefined;
  readonly role: string;
  readonly cameras: readonly string[] | undefined;
}

/** YAML: names are quoted, for a user may well be called null. */
function userLine(password: string, { name, role, cameras }: NewUser): string {
  if (name === undefined) return `password: "${password}"`;
  const own = cameras === undefined ? "" : `, cameras: [${cameras.map((camera) => JSON.stringify(camera)).join(", ")}]`;
  return `${JSON.stringify(name)}: { password: "${password}", role: ${role}${own} }`;
}
