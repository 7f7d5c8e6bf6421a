import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from "node:crypto";
import { isIP } from "node:net";
import { element, elements, oid, placed, placedBytes, sequence, TAG, time } from "./der.ts";
import { addressBytes, homeConstraints, permits } from "./name-constraints.ts";

/** A certificate with its key, both in PEM. */
export interface Certificate {
  /** With those it hangs on. */
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3652;
/** Apple takes no longer ones, whoever has signed them (support.apple.com/103214: 398, and 397 are advised). */
const SERVER_DAYS = 397;
/** The clock of a phone may be behind ours. */
const EARLIER_MS = DAY_MS;
/** The one curve and hash that everything speaks TLS with. */
const CURVE = "P-256";
const HASH = "sha256";
const ECDSA_WITH_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));

const OID = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
} as const;

/** What RFC 5280, 4.1 calls the certificate to be signed, less what all of ours have in common. */
interface Plan {
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly from: number;
  readonly until: number;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

/**
 * An authority that vouches for servers at home, and for nothing else.
 *
 * @param place that people know it by, such as the name of the machine
 * @param names and addresses that it may vouch for besides those of any home
 */
export function createAuthority(place: string, names: readonly string[]): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: CURVE });
  const from = Date.now() - EARLIER_MS;
  const name = distinguishedName(`Beckon on ${place} ${new Date().toISOString().slice(0, 10)}`);
  const plan: Plan = {
    ...{ issuer: name, subject: name, from, until: from + AUTHORITY_DAYS * DAY_MS, publicKey },
    extensions: [
      critical(OID.basicConstraints, sequence(element(TAG.boolean, Buffer.of(0xff)), integer(Buffer.of(0)))),
      // The bits keyCertSign and cRLSign; one of the eight is not used.
      critical(OID.keyUsage, element(TAG.bitString, Buffer.of(1, 0b0000_0110))),
      critical(OID.nameConstraints, homeConstraints(names)),
      extension(OID.subjectKeyIdentifier, element(TAG.octetString, keyIdentifier(publicKey))),
    ],
  };
  return { cert: signed(plan, privateKey), key: keyPem(privateKey) };
}

/** @returns a certificate for a server of these names and addresses, with the authority's behind it */
export function issueCertificate(authority: Certificate, names: readonly string[]): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: CURVE });
  const from = Date.now() - EARLIER_MS;
  const plan: Plan = {
    issuer: subjectOf(authority),
    subject: distinguishedName("Beckon dashboard"),
    from,
    until: Math.min(from + SERVER_DAYS * DAY_MS, Date.now() + timeLeft(authority)),
    publicKey,
    extensions: [
      critical(OID.basicConstraints, sequence()),
      // The bit digitalSignature.
      critical(OID.keyUsage, element(TAG.bitString, Buffer.of(7, 0b1000_0000))),
      extension(OID.extendedKeyUsage, sequence(oid(OID.serverAuth))),
      extension(OID.subjectAltName, sequence(...names.map(generalName))),
      extension(OID.subjectKeyIdentifier, element(TAG.octetString, keyIdentifier(publicKey))),
      extension(
        OID.authorityKeyIdentifier,
        sequence(placedBytes(0, keyIdentifier(new X509Certificate(authority.cert).publicKey))),
      ),
    ],
  };
  return { cert: signed(plan, createPrivateKey(authority.key)) + authority.cert, key: keyPem(privateKey) };
}

/** Whether the authority may vouch for a name or address. */
export function mayVouch({ cert }: Certificate, name: string): boolean {
  const constraints = extensionOf(cert, OID.nameConstraints);
  return constraints !== undefined && permits(constraints, name);
}

/** Whether a certificate is for a name or address. */
export function isFor({ cert }: Certificate, name: string): boolean {
  const certificate = new X509Certificate(cert);
  return (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
}

/** Ms until it counts no more; negative when it does not. */
export function timeLeft({ cert }: Pick<Certificate, "cert">): number {
  return Date.parse(new X509Certificate(cert).validTo) - Date.now();
}

/** @throws when they are no certificate and key in PEM, or do not belong together */
export function checkPair({ cert, key }: Certificate): void {
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw new Error("the key is not that of the certificate");
}

/** Whether the authority has signed it. */
export function hasSigned(authority: Certificate, { cert }: Certificate): boolean {
  return new X509Certificate(cert).verify(createPublicKey(authority.cert));
}

/** What people compare: SHA-256 of the certificate, in hex pairs. */
export function fingerprint({ cert }: Pick<Certificate, "cert">): string {
  return new X509Certificate(cert).fingerprint256;
}

/** What it is called in the lists of a system. */
export function nameOf({ cert }: Pick<Certificate, "cert">): string {
  return /^CN=(.*)$/m.exec(new X509Certificate(cert).subject)?.[1] ?? "Beckon";
}

/** The certificate in DER, which every system takes. */
export function derOf({ cert }: Pick<Certificate, "cert">): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new X509Certificate(cert).raw);
}

function signed({ issuer, subject, from, until, publicKey, extensions }: Plan, signingKey: KeyObject): string {
  const content = sequence(
    // Version 3.
    placed(0, integer(Buffer.of(2))),
    integer(newSerialNumber()),
    ECDSA_WITH_SHA256,
    issuer,
    sequence(time(from), time(until)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    placed(3, sequence(...extensions)),
  );
  const signature = sign(HASH, content, { key: signingKey, dsaEncoding: "der" });
  const der = sequence(content, ECDSA_WITH_SHA256, element(TAG.bitString, Buffer.of(0), signature));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function distinguishedName(commonName: string): Buffer {
  const attribute = (type: string, value: string): Buffer =>
    element(TAG.set, sequence(oid(type), element(TAG.utf8String, Buffer.from(value))));
  // 64 characters are the most that RFC 5280 has for it.
  return sequence(attribute(OID.organization, "Beckon"), attribute(OID.commonName, commonName.slice(0, 64)));
}

function generalName(name: string): Buffer {
  return isIP(name) === 0 ? placedBytes(2, Buffer.from(name, "ascii")) : placedBytes(7, addressBytes(name));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), element(TAG.octetString, value));
}

function critical(id: string, value: Buffer): Buffer {
  return sequence(oid(id), element(TAG.boolean, Buffer.of(0xff)), element(TAG.octetString, value));
}

function integer(bytes: Buffer): Buffer {
  return element(TAG.integer, bytes);
}

/** Positive, and of 16 bytes at random (RFC 5280, 4.1.2.2). */
function newSerialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return bytes;
}

/** The first 160 bits of a hash of the key as it stands in the certificate (RFC 7093, 2, method 1). */
function keyIdentifier(publicKey: KeyObject): Buffer {
  const [, bits] = elements(elements(publicKey.export({ type: "spki", format: "der" }))[0]?.value ?? Buffer.of());
  return createHash("sha256")
    .update(bits?.value.subarray(1) ?? Buffer.of())
    .digest()
    .subarray(0, 20);
}

/** Version, serial number, algorithm, issuer, validity, subject, key, extensions. */
function contentOf(cert: string) {
  const content = elements(elements(new X509Certificate(cert).raw)[0]?.value ?? Buffer.of())[0];
  return elements(content?.value ?? Buffer.of());
}

function subjectOf({ cert }: Certificate): Buffer {
  return contentOf(cert)[5]?.whole ?? sequence();
}

function extensionOf(cert: string, id: string): Buffer | undefined {
  const list = contentOf(cert).at(-1)?.value ?? Buffer.of();
  const found = elements(elements(list)[0]?.value ?? Buffer.of()).find(({ value }) => value.indexOf(oid(id)) === 0);
  return found && elements(found.value).at(-1)?.value;
}

function keyPem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}
