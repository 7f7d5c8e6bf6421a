export { RelayConfig } from "./config.ts";
export { relay } from "./relay-service.ts";
