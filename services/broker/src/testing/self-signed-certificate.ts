import { generateKeyPairSync, sign } from "node:crypto";

const TAG = { boolean: 1, integer: 2, bits: 3, octets: 4, oid: 6, utf8: 12, time: 23, sequence: 48, set: 49 } as const;
/** ecdsa-with-SHA256, id-at-commonName and id-ce-subjectAltName, as their encoded bytes. */
const OID = { ecdsaSha256: "2a8648ce3d040302", commonName: "550403", subjectAltName: "551d11" } as const;
/** Of a subjectAltName: an IP address, implicitly tagged. */
const IP_ADDRESS = 0x87;
/** Explicit tags of a TBSCertificate: version and extensions. */
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;

/**
 * A certificate for 127.0.0.1 with a new key, both in PEM, that its own clients may trust: X.509 as in RFC 5280, of
 * which Node can do everything but issue one.
 */
export function selfSignedCertificate(): { cert: string; key: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = der(TAG.sequence, oid(OID.ecdsaSha256));
  const name = der(
    TAG.sequence,
    der(TAG.set, der(TAG.sequence, oid(OID.commonName), der(TAG.utf8, Buffer.from("test")))),
  );
  const validity = der(TAG.sequence, time("250101000000Z"), time("491231235959Z"));
  const addresses = der(TAG.sequence, der(IP_ADDRESS, Buffer.from([127, 0, 0, 1])));
  const extension = der(TAG.sequence, oid(OID.subjectAltName), der(TAG.octets, addresses));
  const content = der(
    TAG.sequence,
    der(VERSION, der(TAG.integer, Buffer.from([2]))),
    der(TAG.integer, Buffer.from([1])),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(EXTENSIONS, der(TAG.sequence, extension)),
  );
  const signature = sign("sha256", content, privateKey);
  const certificate = der(TAG.sequence, content, algorithm, der(TAG.bits, Buffer.from([0]), signature));
  const lines = certificate.toString("base64").replace(/.{64}/g, "$&\n");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** Tag, length and value: at most 65,535 bytes. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(parts);
  const size = value.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
}

const oid = (hex: string): Buffer => der(TAG.oid, Buffer.from(hex, "hex"));
const time = (text: string): Buffer => der(TAG.time, Buffer.from(text));
