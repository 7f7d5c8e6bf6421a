/** `ServiceContext.visit` of a service on a bus in memory: there is no broker to log in to. */
export function noVisits(): never {
  throw new Error("this service has a bus in memory, and no broker");
}
