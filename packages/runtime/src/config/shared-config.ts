import { Prefix } from "@beckon/protocol";
import { z } from "zod";
import { brokerUrl } from "../broker-url.ts";
import { secret } from "./marks.ts";

const BrokerUrl = z.string().refine((url) => brokerUrl(url) !== undefined, {
  message: "must be a URL such as mqtt://127.0.0.1:1883, mqtts://host:8883 or ws://host:9001",
});

const FilePath = z.string().min(1);

/** How to reach the broker, as it is written in the file. */
export const MqttSection = z.object({
  /** May hold the user and password; `username` and `password` come first. */
  url: BrokerUrl.default("mqtt://127.0.0.1:1883"),
  username: z.string().min(1).optional(),
  password: secret(z.string()).optional(),
  /** A file whose first line is the password. */
  passwordFile: FilePath.optional(),
  /** Files in PEM: whom to trust beside the public authorities; who we are. */
  ca: FilePath.optional(),
  cert: FilePath.optional(),
  key: FilePath.optional(),
});

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

export const LogSection = z.object({
  level: z.enum(LOG_LEVELS).default("info"),
  /** `auto`: plain on a terminal, JSON otherwise. */
  format: z.enum(["auto", "json", "plain"]).default("auto"),
});
export type LogSection = z.infer<typeof LogSection>;

/** What Prometheus and whoever watches over processes may ask for over HTTP: `/metrics` and `/healthz`. */
export const MonitoringSection = z.object({
  prometheus: z.boolean().default(false),
  /** Others than this machine reach it only by a wider one, such as 0.0.0.0; there is no log-in. */
  host: z.string().min(1).max(255).default("127.0.0.1"),
  /** One for each process of a machine; 0 takes a free one, which the log names. */
  port: z.number().int().min(0).max(65_535).default(9464),
});
export type MonitoringSection = z.infer<typeof MonitoringSection>;

export const PrefixValue = Prefix.default("beckon");

/**
 * Whether what `/set` changed outlives the process: `true` keeps it in `~/.local/state/beckon/settings` (or as
 * XDG_STATE_HOME says), a folder keeps it there.
 */
export const KeepSettingsValue = z.union([z.boolean(), FilePath]).default(false);

/** How to reach the broker, with what the files said. */
export interface MqttConnection {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: TlsFiles;
}

/** Contents of PEM files. */
export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** What all services of a process have in common. */
export interface SharedConfig {
  readonly prefix: string;
  readonly mqtt: MqttConnection;
  readonly log: LogSection;
  readonly monitoring: MonitoringSection;
  /** Folder of what `/set` changed; without one that lasts as long as the process. */
  readonly keepSettings?: string;
}
