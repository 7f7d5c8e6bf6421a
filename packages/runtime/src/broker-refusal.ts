import { ServiceFailure } from "./service.ts";

/** CONNACK: "unacceptable protocol version" in 3.1.1, "unsupported protocol version" in 5. */
const WRONG_VERSION = new Set([0x01, 0x84]);
const WRONG_CLIENT_ID = new Set([0x02, 0x85]);
/** Bad user name or password, not authorized, banned, bad authentication method. */
const WRONG_USER = new Set([0x04, 0x05, 0x86, 0x87, 0x8a, 0x8c]);

/** Errors of Node's TLS that the same certificates will meet again. One that is not valid yet may be right later. */
const UNTRUSTED = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** Who asked whom. */
export interface Asked {
  /** The broker's URL without credentials. */
  readonly broker: string;
  readonly clientId: string;
  readonly username: string | undefined;
}

export function refusesVersion(code: number): boolean {
  return WRONG_VERSION.has(code);
}

/** @returns why it is of no use to ask again, undefined when it may be; by the code of a CONNACK, 3.1.1 or 5 */
export function refusal(code: number, { broker, clientId, username }: Asked): ServiceFailure | undefined {
  if (WRONG_USER.has(code)) {
    const who = username === undefined ? "connections without a user" : `the user "${username}" or its password`;
    return new ServiceFailure(`the broker at ${broker} refuses ${who}: see mqtt.username and mqtt.password`);
  }
  if (WRONG_CLIENT_ID.has(code))
    return new ServiceFailure(`the broker at ${broker} refuses the client id "${clientId}": choose another --id`);
  if (WRONG_VERSION.has(code))
    return new ServiceFailure(`the broker at ${broker} speaks neither MQTT 5 nor 3.1.1: use another broker`);
  return undefined;
}

/** @returns why it is of no use to ask again, undefined when it may be; by the `code` of an error of a socket */
export function distrust(code: string | undefined, { broker }: Asked): ServiceFailure | undefined {
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return new ServiceFailure(
      `the certificate of the broker at ${broker} is for another name: use that name in mqtt.url`,
    );
  if (code === "CERT_HAS_EXPIRED")
    return new ServiceFailure(`the certificate of the broker at ${broker} has expired: renew it`);
  if (code !== undefined && UNTRUSTED.has(code))
    return new ServiceFailure(
      `the certificate of the broker at ${broker} is not trusted (${code}): name its authority's file in mqtt.ca`,
    );
  return undefined;
}

export function fought({ broker, clientId }: Asked): ServiceFailure {
  return new ServiceFailure(
    `the broker at ${broker} closes each connection of the client id "${clientId}" at once: ` +
      "another process uses it (end that one, or choose another --id), or it does what its user may not",
  );
}
