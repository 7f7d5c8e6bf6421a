import { existsSync } from "node:fs";
import { createTopics, type Topics } from "@beckon/protocol";
import {
  type Bus,
  type Config,
  type ConfigSources,
  connectMqttBus,
  createLogger,
  type Flag,
  loadConfig,
  Stats,
} from "@beckon/runtime";
import type { Arguments } from "../arguments.ts";
import { CommandFailure, UsageError } from "../usage.ts";

/** How every command of the stream is told where it works. */
export const STREAM_FLAGS = {
  config: {
    type: "string",
    valueHint: "file",
    description: "Configuration (default beckon.yaml in the working folder, where there is one)",
  },
  mqtt: { type: "string", valueHint: "url", description: "The broker, such as mqtt://192.168.1.5:1883 (mqtt.url)" },
  set: {
    type: "string",
    valueHint: "key=value",
    description: "Any other key, such as --set classifier.maxAge=500; may be repeated",
  },
} as const;

const USUAL_FILE = "beckon.yaml";

export interface StreamDefaults {
  /** As `--config`, from elsewhere. */
  readonly named?: string;
  /** Read where neither `--config` nor a beckon.yaml is there. */
  readonly file?: string;
  /** Of the command's own flags. */
  readonly flags?: readonly Flag[];
}

/**
 * @param services whose sections are read
 * @throws ConfigError with every fault of file, environment and flags
 */
export function streamConfig(
  args: Arguments,
  services: ConfigSources["services"],
  { named, file: otherwise, flags = [] }: StreamDefaults = {},
): Config {
  const file = named ?? args.text("config") ?? (existsSync(USUAL_FILE) ? USUAL_FILE : otherwise);
  const mqtt = args.text("mqtt");
  return loadConfig({
    ...(file !== undefined && { file }),
    env: process.env,
    flags: [
      ...(mqtt === undefined ? [] : [["mqtt.url", mqtt, "--mqtt"] as const]),
      ...flags,
      ...args.all("set").map(setFlag),
    ],
    services,
  });
}

function setFlag(text: string): Flag {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`--set "${text}": key=value is wanted, such as --set classifier.maxAge=500`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** A broker that has not answered for so long, ms, is not there: a command that only looks does not wait for ever. */
const PATIENCE_MS = 5000;

/**
 * Works with a connection of its own, as a command that looks on or asks.
 *
 * @param name of the command, part of the client id
 * @throws CommandFailure when no broker answers
 */
export async function withBus<T>(
  { shared: { prefix, mqtt, log } }: Config,
  name: string,
  signal: AbortSignal,
  work: (bus: Bus, topics: Topics) => Promise<T>,
): Promise<T> {
  const bus = connectMqttBus({
    ...mqtt,
    clientId: `${prefix.replaceAll("/", "-")}-${name}-${process.pid}-${Math.random().toString(36).slice(2, 6)}`,
    // Its output is what it prints; the log tells of trouble only, and beside it.
    log: createLogger({ ...log, level: "warn", format: "plain", service: name, destination: process.stderr }),
    stats: new Stats(),
  });
  try {
    await Promise.race([connected(bus, mqtt.url, signal), bus.failed]);
    return await Promise.race([work(bus, createTopics(prefix)), bus.failed]);
  } finally {
    await bus.close();
  }
}

function connected(bus: Bus, url: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(
        new CommandFailure(
          `no broker answers at ${shownUrl(url)}: start one with npm start, or name yours with --mqtt`,
        ),
      );
    }, PATIENCE_MS);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    bus.onConnect(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Without the password that a URL may hold. */
export function shownUrl(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
