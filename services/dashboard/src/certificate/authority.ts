// First of all: what @peculiar/x509 is put together with asks for it as soon as it is loaded.
import "reflect-metadata";
import { createPrivateKey, KeyObject, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import { AsnConvert } from "@peculiar/asn1-schema";
import { id_ce_nameConstraints, NameConstraints } from "@peculiar/asn1-x509";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { type Certificate, timeLeft } from "./certificate.ts";
import { homeConstraints, permits, plainAddress } from "./name-constraints.ts";

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3652;
/** Apple takes no longer ones, whoever has signed them (support.apple.com/103214: 398, and 397 are advised). */
const SERVER_DAYS = 397;
/** The clock of a phone may be behind ours. */
const EARLIER_MS = DAY_MS;
/** The one curve that everything speaks TLS with; signed with SHA-256, as the library does unless told otherwise. */
const KEY_KIND = { name: "ECDSA", namedCurve: "P-256" } as const;

/**
 * An authority that vouches for servers at home, and for nothing else.
 *
 * @param place that people know it by, such as the name of the machine
 * @param names and addresses that it may vouch for besides those of any home
 */
export async function createAuthority(place: string, names: readonly string[]): Promise<Certificate> {
  const keys = await newKeys();
  const from = Date.now() - EARLIER_MS;
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: distinguishedName(`Beckon on ${place} ${new Date().toISOString().slice(0, 10)}`),
      notBefore: new Date(from),
      notAfter: new Date(from + AUTHORITY_DAYS * DAY_MS),
      keys,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        new Extension(id_ce_nameConstraints, true, AsnConvert.serialize(homeConstraints(names))),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { cert: pem(certificate), key: keyPem(keys) };
}

/** @returns a certificate for a server of these names and addresses, with the authority's behind it */
export async function issueCertificate(authority: Certificate, names: readonly string[]): Promise<Certificate> {
  const keys = await newKeys();
  const from = Date.now() - EARLIER_MS;
  const issuer = new X509Certificate(authority.cert);
  // What stands in there, and not what it would be today: it has been calculated in more than one way (RFC 7093).
  const issuerKey = issuer.getExtension(SubjectKeyIdentifierExtension);
  const certificate = await X509CertificateGenerator.create(
    {
      issuer: issuer.subjectName,
      subject: distinguishedName("Beckon dashboard"),
      notBefore: new Date(from),
      notAfter: new Date(Math.min(from + SERVER_DAYS * DAY_MS, Date.now() + timeLeft(authority))),
      publicKey: keys.publicKey,
      signingKey: await signingKey(authority),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(names.map(generalName)),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        ...(issuerKey ? [new AuthorityKeyIdentifierExtension(issuerKey.keyId)] : []),
      ],
    },
    webcrypto,
  );
  return { cert: pem(certificate) + authority.cert, key: keyPem(keys) };
}

/** Whether the authority may vouch for a name or address. */
export function mayVouch({ cert }: Certificate, name: string): boolean {
  const constraints = new X509Certificate(cert).getExtension(id_ce_nameConstraints);
  return constraints !== null && permits(AsnConvert.parse(constraints.value, NameConstraints), name);
}

/** 64 characters are the most that RFC 5280 has for a common name. */
function distinguishedName(commonName: string): Name {
  return new Name([{ O: [{ utf8String: "Beckon" }] }, { CN: [{ utf8String: commonName.slice(0, 64) }] }]);
}

function generalName(name: string) {
  return isIP(name) === 0
    ? ({ type: "dns", value: name } as const)
    : ({ type: "ip", value: plainAddress(name) } as const);
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY_KIND, true, ["sign", "verify"]);
}

function signingKey({ key }: Certificate): Promise<webcrypto.CryptoKey> {
  const pkcs8 = createPrivateKey(key).export({ type: "pkcs8", format: "der" });
  return webcrypto.subtle.importKey("pkcs8", pkcs8, KEY_KIND, false, ["sign"]);
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

function keyPem({ privateKey }: webcrypto.CryptoKeyPair): string {
  return KeyObject.from(privateKey).export({ type: "pkcs8", format: "pem" }).toString();
}
