export { type AedesBroker, startAedes } from "./aedes.ts";
export { debianProgram, PACKAGE_OF_PROGRAM, withDebian } from "./debian.ts";
export { eventually } from "./eventually.ts";
export { type Mosquitto, startMosquitto } from "./mosquitto.ts";
export { mountNamespace, mountNamespaceRefusal } from "./mount-namespace.ts";
export { noVisits } from "./no-visits.ts";
export { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";
