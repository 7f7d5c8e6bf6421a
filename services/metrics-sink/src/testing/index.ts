export { Delivery } from "../delivery.ts";
export { createInfluxWriter } from "../influx-writer.ts";
export { Spool } from "../spool/spool.ts";
export { type Influxd, startInfluxd } from "./influxd.ts";
