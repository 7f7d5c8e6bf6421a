/** First byte of a PUBLISH of QoS 0 that is no duplicate, and its lowest bit (MQTT 3.1.1 and 5, section 3.3.1). */
const PUBLISH = 0x30;
const RETAIN = 0x01;
const PUBLISH_QOS_1 = 0x32;
/** First byte of a PUBACK (section 3.4.1). */
const PUBACK = 0x40;
/** Bytes of the length of a topic. */
const TOPIC_LENGTH_BYTES = 2;
const PACKET_ID_BYTES = 2;
/** The remaining length takes at most so many bytes (3.1.1, section 2.2.3; 5, section 1.5.5). */
const MAX_LENGTH_BYTES = 4;
/** The length of the properties that none have; MQTT 5 has it behind the topic (section 3.3.2.3). */
const NO_PROPERTIES = 0;

/** MQTT 3.1.1 or 5, as CONNECT names them. */
export type MqttVersion = 4 | 5;

export interface ReadPublish {
  readonly topic: string;
  /** A part of the bytes that were read. */
  readonly payload: Buffer;
  /** Of QoS 1, by which it is acknowledged. */
  readonly packetId: number | undefined;
  /** Of the whole packet. */
  readonly bytes: number;
}

/**
 * Reads a PUBLISH of QoS 0 or 1 that is there whole, is no duplicate, is not to be retained and has no properties: a
 * frame, a result or a gesture, when nothing is late. A stream and the parser behind it take 0.1 to 0.5 ms for one at the
 * pace of a camera or a hand, at each end of a hop.
 *
 * @param packets one or several, from the first byte of one on
 * @returns undefined when the first is anything else, bytes that are no MQTT included
 */
export function readPublish(packets: Buffer, version: MqttVersion): ReadPublish | undefined {
  const first = packets[0];
  if (first !== PUBLISH && first !== PUBLISH_QOS_1) return undefined;
  let remaining = 0;
  let at = 1;
  for (let byte = 0x80; byte & 0x80; at += 1) {
    if (at > MAX_LENGTH_BYTES) return undefined;
    byte = packets[at] ?? 0;
    remaining |= (byte & 0x7f) << (7 * (at - 1));
  }
  const end = at + remaining;
  if (end > packets.length || remaining < TOPIC_LENGTH_BYTES) return undefined;
  const topic = at + TOPIC_LENGTH_BYTES;
  const id = topic + packets.readUInt16BE(at);
  const properties = first === PUBLISH_QOS_1 ? id + PACKET_ID_BYTES : id;
  const payload = version === 5 ? properties + 1 : properties;
  if (payload > end || (version === 5 && packets[properties] !== NO_PROPERTIES)) return undefined;
  return {
    topic: packets.toString("utf8", topic, id),
    payload: packets.subarray(payload, end),
    packetId: first === PUBLISH_QOS_1 ? packets.readUInt16BE(id) : undefined,
    bytes: end,
  };
}

/** @returns a PUBACK that says yes, the same in both versions (section 3.4) */
export function encodePuback(packetId: number): Buffer {
  return Buffer.from([PUBACK, PACKET_ID_BYTES, packetId >> 8, packetId & 0xff]);
}

/** What a PUBLISH of QoS 0 says. */
export interface Publication {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly retain: boolean;
}

/** @returns a PUBLISH of QoS 0 (section 3.3), which holds a copy of the payload */
export function encodePublish({ topic, payload, retain }: Publication, version: MqttVersion): Buffer {
  const topicBytes = Buffer.byteLength(topic);
  const propertyBytes = version === 5 ? 1 : 0;
  const remaining = TOPIC_LENGTH_BYTES + topicBytes + propertyBytes + Buffer.byteLength(payload);
  const length = remainingLength(remaining);
  const bytes = Buffer.allocUnsafe(1 + length.length + remaining);
  bytes[0] = PUBLISH | (retain ? RETAIN : 0);
  bytes.set(length, 1);
  let at = bytes.writeUInt16BE(topicBytes, 1 + length.length);
  at += bytes.write(topic, at);
  if (version === 5) at = bytes.writeUInt8(NO_PROPERTIES, at);
  if (typeof payload === "string") bytes.write(payload, at);
  else bytes.set(payload, at);
  return bytes;
}

/** In groups of seven bits, the lowest first (3.1.1, section 2.2.3). */
function remainingLength(length: number): number[] {
  const bytes: number[] = [];
  let rest = length;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return bytes;
}
