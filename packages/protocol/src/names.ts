import * as z from "zod";

/** Words that stand at a fixed place of a topic, and so name no camera, relay, service or model. */
export const RESERVED_NAMES: readonly string[] = [
  "relay",
  "service",
  "frame",
  "snapshot",
  "result",
  "gesture",
  "state",
  "text",
  "event",
  "set",
  "status",
  "stats",
  "config",
];

/** A camera, relay, service kind, service id or model, as it stands in a topic: 1 to 32 characters. */
export const Name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "must be 1 to 32 of a-z, 0-9 and -, and begin with a letter or digit")
  .refine((name) => !RESERVED_NAMES.includes(name), { message: "is a word that topics use themselves" })
  .meta({ not: { enum: RESERVED_NAMES } });

/** The first level of every topic: `beckon` unless configured; it may have levels of its own. */
export const Prefix = z
  .string()
  .regex(/^[^+#$/\s\p{C}]+(\/[^+#$/\s\p{C}]+)*$/u, "must be without + # $, white space and empty levels")
  .max(128);

/** The kinds of service, which are also the names of their sections in beckon.yaml and of their commands. */
export const SERVICE_KINDS = [
  "broker",
  "camera-publisher",
  "classifier",
  "interpreter",
  "relay",
  "metrics-sink",
  "dashboard",
] as const;

export type ServiceKind = (typeof SERVICE_KINDS)[number];

/** The kind of a service in a topic: any name, and `relay`, which is a kind although it is a reserved word. */
export const KindName = z.union([z.enum(SERVICE_KINDS), Name]);
