import { Name, ROLES } from "@beckon/protocol";
import { secret } from "@beckon/runtime";
import { z } from "zod";
import { isPasswordHash } from "./password.ts";

const Port = z.int().min(0).max(65_535).describe("0 for any free one");

/** A user's name: it becomes part of client ids, before a slash. */
export const UserName = z
  .string()
  .regex(/^[^\s/+#$\p{C}]{1,64}$/u, "must be 1 to 64 characters without white space, / + # $");

const UserConfig = z.object({
  password: secret(
    z.string().refine(isPasswordHash, { message: 'must be a hash, "scrypt$...", never the password itself' }),
  ),
  role: z.enum(ROLES),
  cameras: z.array(Name).optional().describe("Of a camera or admin: only these; any when left out."),
});

const TlsConfig = z.object({
  cert: z.string().min(1).describe("File with the certificate and those it hangs on, in PEM"),
  key: z.string().min(1).describe("File with its key, in PEM"),
  host: z.string().min(1).optional().describe("Where TLS listens; the host of the others when left out"),
  port: Port.nullable().default(8883).describe("MQTT over TLS; null for none"),
  websocketPort: Port.nullable().default(null).describe("MQTT over WebSocket over TLS; null for none"),
});

/** The section `broker` of beckon.yaml. Its defaults let in everybody on this machine, and nobody else. */
export const BrokerConfig = z.object({
  host: z.string().min(1).default("127.0.0.1").describe("Where it listens; other than loopback needs users"),
  port: Port.nullable().default(1883).describe("MQTT; null for none"),
  websocketPort: Port.nullable().default(9001).describe("MQTT over WebSocket; null for none"),
  tls: TlsConfig.optional(),
  portSearch: z.boolean().default(false).describe("Take the next free port when one is in use"),
  users: z.record(UserName, UserConfig).default({}).describe("With one or more, everybody must log in"),
  origins: z
    .array(z.url({ protocol: /^https?$/ }))
    .default([])
    .describe("Pages that may connect over WebSocket, as http://host:port"),
  hosts: z
    .array(z.string().min(1))
    .default([])
    .describe("Names under which WebSockets may ask for it, besides localhost and its own address"),
  maxPacketBytes: z.int().min(65_536).max(16_000_000).default(2_000_000).describe("Largest payload"),
  maxConnections: z.int().min(1).max(10_000).default(256),
});

export type BrokerConfig = z.infer<typeof BrokerConfig>;
