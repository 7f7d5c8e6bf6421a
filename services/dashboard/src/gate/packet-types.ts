/** Control packet types of MQTT 3.1.1 (table 2.1), as far as they pass between a page and a broker. */
export const PACKET = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
} as const;

/** CONNACK return codes (MQTT 3.1.1, table 3.1). */
export const RETURN_CODE = { accepted: 0, badVersion: 1, unavailable: 3, notAuthorized: 5 } as const;

/** Says no to a CONNECT. */
export function connack(returnCode: number): Buffer {
  return Buffer.from([PACKET.connack << 4, 2, 0, returnCode]);
}

/** Acknowledges an UNSUBSCRIBE. */
export function unsuback(id: number): Buffer {
  return Buffer.from([PACKET.unsuback << 4, 2, id >> 8, id & 0xff]);
}
