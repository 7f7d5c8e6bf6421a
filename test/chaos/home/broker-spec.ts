import { mkdtemp, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { debianProgram } from "@beckon/runtime/testing";
import { BECKON, type BrokerName } from "../../bench/stream/services.ts";
import type { ActorSpec } from "./actor.ts";
import { ID } from "./names.ts";

/** How a broker is started, each time on the same port. */
export async function brokerSpec(
  { broker, folder }: { readonly broker: BrokerName; readonly folder: string },
  port: number,
): Promise<Pick<ActorSpec, "name" | "command" | "ready">> {
  if (broker === "mosquitto") {
    const file = join(await mkdtemp(join(folder, "mosquitto-")), "mosquitto.conf");
    await writeFile(file, mosquittoLines(port).join("\n"));
    const program = debianProgram("mosquitto") ?? "mosquitto";
    return { name: "mosquitto", command: [program, "-c", file], ready: /mosquitto version .* running/ };
  }
  const set = { "broker.port": port, "broker.websocketPort": null, "log.format": "json" };
  const flags = Object.entries(set).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  const where = ["--mqtt", `mqtt://127.0.0.1:${port}`, "--id", ID];
  return {
    name: "embedded broker",
    command: [process.execPath, BECKON, "broker", ...where, ...flags],
    ready: /"msg":"ready"/,
  };
}

function mosquittoLines(port: number): string[] {
  return [
    "persistence false",
    // Started by root it would become its own user, who may not read its configuration.
    `user ${userInfo().username}`,
    "set_tcp_nodelay true",
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    "",
  ];
}
