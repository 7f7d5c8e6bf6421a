export { MetricsSinkConfig } from "./config.ts";
export { metricsSink } from "./metrics-sink.ts";
