import { createRequire } from "node:module";
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import {
  aborted,
  dataFolder,
  isLoopback,
  type OwnWeb,
  type Service,
  type ServiceContext,
  ServiceFailure,
  urlHost,
  withHome,
} from "@beckon/runtime";
import { type CertificateSource, openCertificateSource } from "./certificate/certificate-source.ts";
import { mdnsName } from "./certificate/machine-names.ts";
import { DashboardConfig } from "./config.ts";
import { createMqttGate } from "./gate/mqtt-gate.ts";
import { createTeaching } from "./teach/teaching.ts";
import { loadAssets } from "./web/assets.ts";
import { openDoors } from "./web/doors.ts";
import { knock } from "./web/knock.ts";
import { createPageSite } from "./web/page-site.ts";
import { followSessions } from "./web/sessions.ts";
import { createDoormat, createTrustSite } from "./web/trust-site.ts";

const { version } = createRequire(import.meta.url)("../package.json") as { version: string };
const DIST = fileURLToPath(new URL("../dist", import.meta.url));

type Context = ServiceContext<DashboardConfig>;

/** Serves the page, its way to the broker, and what it asks of this machine. */
export const dashboard: Service<DashboardConfig> = createDashboardService(DIST);

/** @param dist folder of the page, as the set-up builds it */
export function createDashboardService(dist: string): Service<DashboardConfig> {
  return {
    kind: "dashboard",
    config: DashboardConfig,
    run: async (context) => {
      const ending = new AbortController();
      const end = (): void => ending.abort();
      context.signal.addEventListener("abort", end, { once: true });
      if (context.signal.aborted) end();
      try {
        await serve({ ...context, signal: ending.signal }, dist, end);
      } finally {
        end();
        context.signal.removeEventListener("abort", end);
      }
    },
  };
}

/** @param end ends what runs beside the servers, when they cannot */
async function serve(context: Context, dist: string, end: () => void): Promise<void> {
  const { bus, config, id, log, signal, stats, topics } = context;
  const assets = await loadAssets(dist);
  const isWide = !isLoopback(config.host);
  const { opened } = isWide ? await watchBroker(context) : { opened: forever };
  const certificates = await certificatesOf(config, isWide, log);
  const own = ownWeb(config);
  const sessions = followSessions({ bus, topic: topics.serviceSet({ kind: "dashboard", id }), stats, log, signal });
  const teaching = createTeaching({ bus, topics, stats: stats.part("teach"), log, signal, ...folders(config) });
  const gate = createMqttGate({
    ...own,
    visit: (address) => context.visit(address),
    prefix: topics.prefix,
    requireLogin: isWide,
    ...{ stats, log },
  });
  try {
    let securePort: number | undefined;
    const secureUrl = (host: string): string => `https://${hostOnly(host)}:${securePort}/`;
    const trust = certificates && createTrustSite(() => certificates.authority, secureUrl);
    const page = createPageSite({
      ...{ assets, sessions, apis: { teach: teaching.app }, log },
      ...(trust && { trust }),
      facts: (host) => ({
        ...{ prefix: topics.prefix, id, version, now: Date.now() },
        ...(securePort !== undefined && { secureUrl: secureUrl(host) }),
      }),
    });
    const doormat = createDoormat(certificates?.authority && trust, assets, secureUrl);
    const doors = await openDoors({ config, own, certificates, page, doormat, gate, stats, log }, (port) => {
      securePort = port;
    });
    try {
      if (isWide) tellOthers(config.host, { port: doors.port, securePort }, certificates, log);
      context.ready(doors.address);
      await Promise.race([aborted(signal), opened]);
    } finally {
      gate.close();
      await doors.close();
    }
  } finally {
    end();
    await teaching.ended;
  }
}

const forever = new Promise<never>(() => {});

/**
 * Whoever reaches the page reaches the broker, so that one must ask who it is.
 *
 * @returns `opened` rejects when a broker that was away comes and lets in everybody
 * @throws {ServiceFailure} when it does so now
 */
async function watchBroker(context: Context): Promise<{ readonly opened: Promise<never> }> {
  const { bus, config, signal } = context;
  const isAsked = async (): Promise<boolean> => {
    const welcome = await knock(() => context.visit("the dashboard, to see that a user is needed"));
    if (welcome !== "open") return welcome === "asks";
    throw new ServiceFailure(
      `the dashboard would let in everybody at ${config.host}:${config.port}, for the broker asks for no password: ` +
        "add broker.users, or set dashboard.host to 127.0.0.1",
    );
  };
  let isKnown = await isAsked();
  const opened = new Promise<never>((_, reject) => {
    const forget = bus.onConnect(() => {
      // It has answered just now, before our own bus came through.
      if (!isKnown) void isAsked().catch(reject);
      isKnown = false;
    });
    signal.addEventListener("abort", forget, { once: true });
  });
  // It may come while nobody waits yet.
  opened.catch(() => {});
  return { opened };
}

async function certificatesOf(
  { hosts, https }: DashboardConfig,
  isWide: boolean,
  log: Context["log"],
): Promise<CertificateSource | undefined> {
  if (https.enabled ?? isWide) return openCertificateSource({ ...https, hosts, log });
  if (isWide)
    log.warn("the page carries passwords and pictures in the clear, and gets no camera: dashboard.https changes that");
  return undefined;
}

/** Where the page is for other machines, which `ready` does not tell. */
function tellOthers(
  host: string,
  { port, securePort }: { readonly port: number; readonly securePort: number | undefined },
  certificates: CertificateSource | undefined,
  log: Context["log"],
): void {
  const name = urlHost(host === "0.0.0.0" || host === "::" ? mdnsName() : host);
  if (securePort === undefined) return;
  log.info(`other machines open https://${name}:${securePort}`);
  if (certificates?.authority)
    log.info(
      `how they trust it is at http://${name}:${port}; compare the SHA-256: ${certificates.authority.fingerprint}`,
    );
}

/** By its own name and address, too: a page elsewhere cannot have either lead somewhere else. */
function ownWeb({ hosts, origins }: DashboardConfig): OwnWeb {
  return { hosts: [...hosts, hostname(), mdnsName()], origins };
}

/** Of a host that was judged, and so parses. */
function hostOnly(host: string): string {
  return new URL(`http://${host}`).hostname;
}

function folders({ samplesFolder, modelsFolder }: DashboardConfig): { samplesFolder: string; modelsFolder: string } {
  const folder = (given: string | undefined, name: "samples" | "models"): string => {
    const found = given === undefined ? dataFolder(name) : withHome(given);
    if (found === undefined)
      throw new ServiceFailure(`this user has no home folder for ${name}: set dashboard.${name}Folder`);
    return found;
  };
  return { samplesFolder: folder(samplesFolder, "samples"), modelsFolder: folder(modelsFolder, "models") };
}
