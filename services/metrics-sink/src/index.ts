export { MetricsSinkConfig } from "./config.ts";
export { importSpool } from "./import-spool.ts";
export { metricsSink } from "./metrics-sink.ts";
