import { createTopics, type ServiceKind } from "@beckon/protocol";
import type { BusHost, Config, Flag } from "@beckon/runtime";
import type { Arguments } from "../arguments.ts";
import { type CommandInput, command } from "../command.ts";
import { printLines } from "../output.ts";
import { DEFAULT_FILE } from "../stream/default-file.ts";
import { narrate } from "../stream/narrator.ts";
import { type AnyService, loadAllServices } from "../stream/services.ts";
import { sourceFlag } from "../stream/source-flag.ts";
import { STREAM_FLAGS, streamConfig } from "../stream/stream-flags.ts";
import { CommandFailure, PartialFailure, UsageError } from "../usage.ts";

export const up = command({
  name: "up",
  description: "Run every service of beckon.yaml in one process, and tell in plain words what they see and do",
  args: {
    ...STREAM_FLAGS,
    camera: {
      type: "string",
      valueHint: "source",
      description: "auto, synthetic, rpicam, /dev/video0, rtsp://..., http://..., a video file or a folder of pictures",
    },
    text: { type: "string", valueHint: "word", description: "What the drawn hand signs (default HELLO)" },
    quiet: { type: "boolean", description: "Only the log, no plain words" },
  },
  run,
});

/** Whoever listens starts before whoever speaks: the first letter that the drawn hand signs is to be read. */
const START: readonly ServiceKind[] = [
  "broker",
  "metrics-sink",
  "relay",
  "interpreter",
  "classifier",
  "camera-publisher",
];

async function run({ args }: CommandInput): Promise<void> {
  const [services, { connectMqttBus, createLogger, runnable, runTogether, runUntilSignal, Stats }] = await Promise.all([
    loadAllServices(),
    import("@beckon/runtime"),
  ]);
  const config = upConfig(args, services);
  const wanted = services
    .filter(({ kind }) => config.kinds.has(kind))
    .sort((a, b) => START.indexOf(a.kind) - START.indexOf(b.kind));
  if (wanted.length === 0)
    throw new CommandFailure("the configuration has no section of a service: see npx beckon config example");
  const { shared } = config;
  const log = createLogger({ ...shared.log, service: "beckon" });
  let host: BusHost | undefined;
  const openBus: typeof connectMqttBus = (options) =>
    connectMqttBus(host ? { ...options, ...insideOf(host) } : options);
  const parts = wanted.map((service) =>
    runnable(service, () => ({
      config: config.section(service),
      shared,
      log,
      openBus,
      hosted: (found) => {
        host = found;
      },
    })),
  );
  const code = await runUntilSignal(async (signal) => {
    const narrator = args.on("quiet")
      ? []
      : [
          {
            name: "narrator",
            first: false,
            run: async (part: { signal: AbortSignal; ready: () => void }) => {
              const clientId = `${shared.prefix.replaceAll("/", "-")}-up-${process.pid}`;
              const bus = openBus({ ...shared.mqtt, clientId, log, stats: new Stats() });
              part.ready();
              say(greeting(config, wanted, host));
              await narrate({ bus, topics: createTopics(shared.prefix), say, signal: part.signal });
              await bus.close();
            },
          },
        ];
    await runTogether([...parts, ...narrator], signal);
  });
  if (code !== 0) throw new PartialFailure();
}

function say(line: string): void {
  printLines([line]);
}

/** A connection to a broker in this process needs no socket and no password. */
function insideOf(host: BusHost) {
  return { url: host.url, stream: () => host.connect() };
}

function upConfig(args: Arguments, services: readonly AnyService[]): Config {
  const read = (flags: readonly Flag[]): Config => streamConfig(args, services, { file: DEFAULT_FILE, flags });
  const source = args.text("camera");
  const text = args.text("text");
  if (source === undefined && text === undefined) return read([]);
  // Whose source and text is meant is seen from the configuration without them.
  const camera = onlyCamera(read([]), services);
  const path = `camera-publisher.cameras.${camera}`;
  return read([
    ...(source === undefined ? [] : [[path, sourceFlag(source), "--camera"] as const]),
    ...(text === undefined ? [] : [[`${path}.text`, text.toUpperCase(), "--text"] as const]),
  ]);
}

function onlyCamera(config: Config, services: readonly AnyService[]): string {
  const publisher = services.find(({ kind }) => kind === "camera-publisher");
  const cameras = publisher ? Object.keys((config.section(publisher) as { cameras: object }).cameras) : [];
  const [camera] = cameras;
  if (cameras.length !== 1 || camera === undefined)
    throw new UsageError(
      `--camera and --text are for one camera, and the configuration has ${cameras.join(", ") || "none"}`,
    );
  return camera;
}

function greeting(config: Config, services: readonly AnyService[], host: BusHost | undefined): string {
  const kinds: ServiceKind[] = services.map(({ kind }) => kind);
  const broker = host?.url ?? new URL(config.shared.mqtt.url).host;
  return `Running ${kinds.join(", ")} at ${broker}; topics begin with ${config.shared.prefix}/. Ctrl-C ends it.`;
}
