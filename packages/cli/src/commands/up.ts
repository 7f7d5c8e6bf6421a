import { createTopics, type ServiceKind } from "@beckon/protocol";
import type { BusHost, Config, Flag, Logger, Monitor, Runnable } from "@beckon/runtime";
import type { Arguments } from "../arguments.ts";
import { type CommandInput, command } from "../command.ts";
import { printLines } from "../output.ts";
import { DEFAULT_FILE } from "../stream/default-file.ts";
import { narrate } from "../stream/narrator.ts";
import { openInBrowser } from "../stream/open-in-browser.ts";
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
    open: { type: "boolean", description: "Open the page in the browser" },
    quiet: { type: "boolean", description: "Only the log, no plain words" },
  },
  run,
});

/**
 * The others wait for these: the broker they connect to, who reads the first letter that the drawn hand signs, and the page,
 * whose address is in the greeting.
 */
const AWAITED: readonly ServiceKind[] = ["broker", "classifier", "dashboard"];

async function run({ args }: CommandInput): Promise<void> {
  const [services, { connectMqttBus, createLogger, monitored, runnable, runTogether, runUntilSignal, Stats }] =
    await Promise.all([loadAllServices(), import("@beckon/runtime")]);
  const config = upConfig(args, services);
  const wanted = services.filter(({ kind }) => config.kinds.has(kind));
  if (wanted.length === 0)
    throw new CommandFailure("the configuration has no section of a service: see npx beckon config example");
  if (args.on("open") && !config.kinds.has("dashboard"))
    throw new UsageError("--open: the configuration has no dashboard, and so no page to open");
  const { shared } = config;
  const log = createLogger({ ...shared.log, service: "beckon" });
  const isTelling = !args.on("quiet");
  let host: BusHost | undefined;
  let page: string | undefined;
  let monitor: Monitor | undefined;
  const openBus: typeof connectMqttBus = (options) =>
    connectMqttBus(host ? { ...options, ...insideOf(host, log) } : options);
  const parts = wanted.map((service) => ({
    ...runnable(service, () => ({
      config: config.section(service),
      shared,
      // What a relay does is told in plain words; its log need not say it again.
      log: isTelling && service.kind === "relay" ? log.child({}, { level: "warn" }) : log,
      openBus,
      ...(host && { visit: host.visit }),
      monitor,
      hosted: (found) => {
        host = found;
      },
      ready: (address) => {
        if (service.kind !== "dashboard" || address === undefined) return;
        page = address;
        if (args.on("open")) void openInBrowser(address).then((why) => why && log.warn(why));
      },
    })),
    first: AWAITED.includes(service.kind),
  }));
  const narrator: Runnable = {
    name: "narrator",
    first: false,
    run: async ({ signal, ready }) => {
      const clientId = `${shared.prefix.replaceAll("/", "-")}-up-${process.pid}`;
      const bus = openBus({ ...shared.mqtt, clientId, log, stats: new Stats() });
      ready();
      say(greeting(config, wanted, host));
      if (page !== undefined) say(`Open ${page} to see it, and to teach it gestures of your own.`);
      say("Another terminal sees more with npx beckon watch; Ctrl-C ends it.");
      await narrate({ bus, topics: createTopics(shared.prefix), say, signal });
      await bus.close();
    },
  };
  const code = await runUntilSignal((signal) =>
    monitored(shared.monitoring, log, (opened) => {
      monitor = opened;
      return runTogether(isTelling ? [narrator, ...parts] : parts, signal);
    }),
  );
  if (code !== 0) throw new PartialFailure();
}

function say(line: string): void {
  printLines([line]);
}

/** A connection to a broker in this process needs no socket and no password, and that it connects is no news. */
function insideOf(host: BusHost, log: Logger) {
  return { url: host.url, stream: () => host.connect(), log: log.child({}, { level: "warn" }) };
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
  return `Running ${kinds.join(", ")} at ${broker}; topics begin with ${config.shared.prefix}/.`;
}
