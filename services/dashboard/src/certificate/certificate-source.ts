import { hostname } from "node:os";
import { type Logger, ServiceFailure, stateFolder, throttled } from "@beckon/runtime";
import type { TrustFacts } from "../web/trust-site.ts";
import { type Certificate, derOf, fingerprint, nameOf } from "./certificate.ts";
import { type Kept, keepCertificates } from "./certificate-keeper.ts";
import { machineNames } from "./machine-names.ts";
import { readOwnCertificate } from "./own-certificate.ts";

export interface CertificateSourceOptions {
  /** Files of a certificate of the user's own, both or none. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** `dashboard.hosts`. */
  readonly hosts: readonly string[];
  readonly log: Pick<Logger, "info" | "warn">;
  /** Where ours is kept; in the user's state folder unless given. */
  readonly folder?: string | undefined;
  readonly ownNames?: () => readonly string[];
}

/** The certificate of the server, whichever it is. */
export interface CertificateSource {
  readonly current: Certificate;
  /** What is to be trusted for it; undefined with a certificate from elsewhere. */
  readonly authority: TrustFacts | undefined;
  /**
   * Looks every minute whether another one is due: its end is near, this machine has a new address, a file has changed.
   *
   * @returns ends it
   */
  follow(renewed: (certificate: Certificate) => void): () => void;
}

const LOOK_EVERY_MS = 60_000;

/** @throws {ServiceFailure} when there is none and none can be made */
export async function openCertificateSource(options: CertificateSourceOptions): Promise<CertificateSource> {
  const { log } = options;
  const read = readerOf(options);
  const warnings = throttled(log);
  let found = await read();
  return {
    get current() {
      return found.server;
    },
    get authority() {
      const { authority } = found;
      return authority && { der: derOf(authority), fingerprint: fingerprint(authority), name: nameOf(authority) };
    },
    follow: (renewed) => {
      const look = async (): Promise<void> => {
        const next = await read();
        if (next.server.cert === found.server.cert) return;
        found = next;
        renewed(next.server);
        log.info("new connections get a new certificate");
      };
      const timer = setInterval(() => {
        look().catch((error: Error) =>
          warnings.warn("certificate", `the certificate stays as it is: ${error.message}`),
        );
      }, LOOK_EVERY_MS);
      timer.unref();
      return () => clearInterval(timer);
    },
  };
}

function readerOf({
  cert,
  key,
  hosts,
  log,
  folder = stateFolder("dashboard"),
  ownNames = machineNames,
}: CertificateSourceOptions): () => Promise<Partial<Kept> & Pick<Kept, "server">> {
  if (cert !== undefined && key !== undefined) return async () => ({ server: await readOwnCertificate(cert, key) });
  if (folder === undefined)
    throw new ServiceFailure(
      `this user of ${hostname()} has no home folder for a certificate: set dashboard.https.cert and dashboard.https.key`,
    );
  return () => keepCertificates({ folder, hosts, ownNames, log });
}
