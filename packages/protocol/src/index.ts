export { compareBoots, createBoot } from "./boot.ts";
export { type Codec, MAX_JSON_BYTES } from "./codec.ts";
export { type Frame, FrameEnvelope } from "./envelope.ts";
export { MAX_FRAME_BYTES } from "./frame-codec.ts";
export { type ProtocolSchema, payloadName, protocolSchema, type TopicEntry } from "./json-schema.ts";
export { Name, Prefix, SERVICE_KINDS, type ServiceKind } from "./names.ts";
export {
  type Figures,
  Gesture,
  GestureState,
  type LatencySummary,
  RelayCause,
  RelayCommand,
  RelayEvent,
  RelayState,
  Result,
  Roi,
  ServiceStats,
  ServiceStatus,
  Settings,
  SpelledText,
  type Stages,
} from "./payloads.ts";
export { ProtocolError, type RefusalReason } from "./protocol-error.ts";
export { causeInWords } from "./relay-cause.ts";
export {
  type Grant,
  mayPublish,
  maySubscribe,
  type Permission,
  ROLE_PERMISSIONS,
  ROLES,
  type Role,
} from "./roles.ts";
export {
  createTopics,
  FAMILIES,
  type FamilyName,
  type NameChoice,
  type Qos,
  type Topic,
  type TopicFamily,
  type TopicFilter,
  type Topics,
} from "./topics.ts";
