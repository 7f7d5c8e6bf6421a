import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { payloadName } from "./json-schema.ts";
import { type Grant, mayPublish, maySubscribe, ROLES, type Role } from "./roles.ts";
import { createTopics, FAMILIES, type TopicFamily } from "./topics.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const topics = createTopics();
const table = (...rows: readonly (readonly string[])[]): string =>
  rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");

it("shows every topic as the code has it", () => {
  const rows = FAMILIES.map((name) => {
    const { pattern, qos, retain, about, codec } = topics[name];
    return [`\`${pattern}\``, payloadName(codec as never), String(qos), retain ? "yes" : "no", about];
  });
  expect(readme).toContain(
    table(["topic", "payload", "QoS", "retained", "what"], ["---", "---", "---", "---", "---"], ...rows),
  );
});

it("shows what each role may do as the code decides it", () => {
  const rows = FAMILIES.map((name) => {
    const family = topics[name] as unknown as TopicFamily<unknown, string>;
    const [own, other] = [
      family({ camera: "own", model: "m", relay: "r", kind: "camera-publisher", id: "i" }).path,
      family({ camera: "other", model: "m", relay: "r", kind: "relay", id: "i" }).path,
    ];
    return [`\`${family.pattern}\``, ...ROLES.map((role) => cell(role, own, other))];
  });
  const rest = [
    ["anything else under the prefix", "beckon/x/y/z"],
    ["anything outside of it", "cmnd/plug/POWER"],
    ["`$SYS/#`", "$SYS/broker/uptime"],
  ] as const;
  const others = rest.map(([label, path]) => [label, ...ROLES.map((role) => cell(role, path, path))]);
  expect(readme).toContain(table(["topic", ...ROLES], ["---", ...ROLES.map(() => "---")], ...rows, ...others));
});

/** @param own of the grant's camera, or of a camera's service, where the topic has one */
function cell(role: Role, own: string, other: string): string {
  const grant: Grant = { role, cameras: ["own"] };
  const words = (may: typeof mayPublish, verb: string): string[] => {
    if (may(grant, "beckon", other)) return [verb];
    return may(grant, "beckon", own) ? [`${verb} own`] : [];
  };
  return [...words(mayPublish, "publish"), ...words(maySubscribe, "subscribe")].join(", ") || "–";
}
