import { resolve } from "node:path";
import { defineCommand } from "citty";
import { type CommandInput, command } from "../command.ts";
import { withInterrupt } from "../interrupt.ts";
import { printLines } from "../output.ts";
import { STREAM_FLAGS, streamConfig } from "../stream/stream-flags.ts";
import { PartialFailure } from "../usage.ts";

const importCommand = command({
  name: "import",
  description: "Send what waits in a spool to InfluxDB: what was kept while no database was configured, or elsewhere",
  args: {
    config: STREAM_FLAGS.config,
    set: STREAM_FLAGS.set,
    spool: {
      type: "string",
      valueHint: "folder",
      description: "The spool (metrics-sink.spool.folder, else ~/.local/state/beckon/metrics)",
    },
    url: {
      type: "string",
      valueHint: "url",
      description: "InfluxDB, such as http://127.0.0.1:8086 (metrics-sink.url)",
    },
    database: { type: "string", valueHint: "name", description: "metrics-sink.database (default beckon)" },
  },
  run,
});

export const metrics = defineCommand({
  meta: { name: "metrics", description: "What the metrics sink keeps" },
  subCommands: { import: importCommand },
});

async function run({ args }: CommandInput): Promise<void> {
  const { importSpool, metricsSink } = await import("@beckon/metrics-sink");
  const spool = args.text("spool");
  const flags = [
    ["metrics-sink.spool.folder", spool === undefined ? undefined : resolve(spool), "--spool"],
    ["metrics-sink.url", args.text("url"), "--url"],
    ["metrics-sink.database", args.text("database"), "--database"],
  ] as const;
  const config = streamConfig(args, [metricsSink], {
    flags: flags.flatMap(([path, value, flag]) => (value === undefined ? [] : [[path, value, flag] as const])),
  }).section(metricsSink);
  const say = (message: string): void => void process.stderr.write(`${message}\n`);
  const { written, dropped, waiting } = await withInterrupt((signal) =>
    importSpool({ config, log: { info: say, warn: say }, signal }),
  );
  printLines([
    `${written} points written to ${config.url}, database ${config.database}`,
    ...Object.entries(dropped).map(([reason, points]) => `${points} points lost: ${reason}`),
    ...(waiting > 0 ? [`${waiting} points still wait in the spool`] : []),
  ]);
  if (waiting > 0 || Object.keys(dropped).length > 0) throw new PartialFailure();
}
