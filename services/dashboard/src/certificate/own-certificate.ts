import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { ServiceFailure } from "@beckon/runtime";
import { fileReason } from "@beckon/vision/system-reason";
import { type Certificate, checkPair, timeLeft } from "./certificate.ts";

/**
 * Reads a certificate and its key that the user has from elsewhere.
 *
 * @throws {ServiceFailure} when a file cannot be read, is none, has ended, or does not belong to the other
 */
export async function readOwnCertificate(certFile: string, keyFile: string): Promise<Certificate> {
  const read = (file: string, setting: string): Promise<string> =>
    readFile(file, "utf8").catch((error: unknown) => {
      throw new ServiceFailure(`cannot read ${setting} "${file}": ${fileReason(error)}`, { cause: error });
    });
  const cert = await read(certFile, "dashboard.https.cert");
  const key = await read(keyFile, "dashboard.https.key");
  const named = `dashboard.https.cert "${certFile}" and dashboard.https.key "${keyFile}"`;
  try {
    checkPair({ cert, key });
    createSecureContext({ cert, key });
  } catch (error) {
    throw new ServiceFailure(`${named} are no certificate with its key in PEM: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (timeLeft({ cert }) < 0)
    throw new ServiceFailure(`the certificate in dashboard.https.cert "${certFile}" has expired: renew it`);
  return { cert, key };
}
