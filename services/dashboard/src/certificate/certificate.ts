import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";

/** A certificate with its key, both in PEM. */
export interface Certificate {
  /** With those it hangs on. */
  readonly cert: string;
  readonly key: string;
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
