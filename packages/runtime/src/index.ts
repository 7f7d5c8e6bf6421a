export { type Bus, type Message, type SubscribeOptions, type Subscription, SubscriptionRefused } from "./bus.ts";
export { now } from "./clock.ts";
export { changeable, secret } from "./config/marks.ts";
export { LatencyHistogram, rounded } from "./latency.ts";
export { type LatestOptions, latest } from "./latest.ts";
export { createMemoryBus, MemoryHub } from "./memory-bus.ts";
export { SenderClock, type Stamp, type Timing, type Untimely } from "./sender-clock.ts";
export { type BusHost, type HostContext, type Service, type ServiceContext, ServiceFailure } from "./service.ts";
export { Stats, StatsPart } from "./stats.ts";
