import { type DestinationStream, type Level, type Logger, pino } from "pino";
import pretty from "pino-pretty";
import type { LogSection } from "./config/shared-config.ts";

export interface LoggerOptions extends LogSection {
  /** The process: `classifier`, or `beckon` for several in one. Each service adds its own kind and id. */
  readonly service: string;
  /** Standard output unless given. */
  readonly destination?: NodeJS.WritableStream;
}

/** A message may quote what came from outside; a terminal would obey it. */
const CONTROL = /\p{Cc}+/gu;
/** As pino numbers its levels. */
const WARN = 40;
/** What a terminal shows otherwise, or needs not: the message says it. */
const HIDDEN = "pid,hostname,name,service,id,reason,level,time";

/**
 * Plain on a terminal: time, service, message, and the level where it is a warning or worse. JSON, a line each, where it is
 * collected. Both write before they return, so that the last words of a process are not lost.
 */
export function createLogger({ service, level, format, destination = process.stdout }: LoggerOptions): Logger {
  const terminal = "isTTY" in destination && destination.isTTY === true;
  const plain = format === "plain" || (format === "auto" && terminal);
  const options = { level, base: { name: service }, timestamp: pino.stdTimeFunctions.epochTime };
  return pino(options, plain ? plainStream(destination, terminal) : jsonStream(destination));
}

function jsonStream(destination: NodeJS.WritableStream): DestinationStream {
  // Only standard output has a descriptor to write to at once.
  return destination === process.stdout ? pino.destination({ fd: 1, sync: true }) : destination;
}

function plainStream(destination: NodeJS.WritableStream, colour: boolean): DestinationStream {
  return pretty({
    colorize: false,
    sync: true,
    singleLine: true,
    ignore: HIDDEN,
    messageFormat: (entry, messageKey) =>
      line(entry, String(entry[messageKey] ?? ""), colour && !process.env["NO_COLOR"]),
    destination: destination === process.stdout ? 1 : destination,
  });
}

function line(entry: Readonly<Record<string, unknown>>, message: string, colour: boolean): string {
  const time = new Date(Number(entry["time"])).toTimeString().slice(0, 8);
  const level = Number(entry["level"]);
  const mark = level >= WARN ? `${pino.levels.labels[level] as Level} ` : "";
  const shown = mark && colour ? `\u001b[33m${mark}\u001b[39m` : mark;
  return `${time} ${entry["service"] ?? entry["name"]}: ${shown}${message.replaceAll(CONTROL, " ")}`;
}
