import { createRequire } from "node:module";
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import { dataFolder, type OwnWeb, type Service, type ServiceContext, ServiceFailure, withHome } from "@beckon/runtime";
import { DashboardConfig } from "./config.ts";
import type { PageFacts } from "./page-facts.ts";
import { createTeaching } from "./teach/teaching.ts";
import { loadAssets } from "./web/assets.ts";
import { createFrontDesk } from "./web/front-desk.ts";
import { listen, reachable, urlHost } from "./web/listen.ts";
import { createPageSite } from "./web/page-site.ts";
import { createRawGate } from "./web/raw-gate.ts";
import { followSessions } from "./web/sessions.ts";

const { version } = createRequire(import.meta.url)("../package.json") as { version: string };
const DIST = fileURLToPath(new URL("../dist", import.meta.url));

type Context = ServiceContext<DashboardConfig>;

/** Serves the page, its way to the broker, and what it asks of this machine. */
export const dashboard: Service<DashboardConfig> = { kind: "dashboard", config: DashboardConfig, run };

async function run(context: Context): Promise<void> {
  const { bus, config, id, log, ready, signal, stats, topics } = context;
  const assets = await loadAssets(DIST);
  const own = ownWeb(config);
  const sessions = followSessions({ bus, topic: topics.serviceSet({ kind: "dashboard", id }), stats, log, signal });
  const teaching = createTeaching({ bus, topics, stats: stats.part("teach"), log, signal, ...folders(config) });
  const facts = (): PageFacts => ({ prefix: topics.prefix, id, version });
  const site = createPageSite({ assets, facts, sessions, apis: { teach: teaching.app }, log });
  const gate = createRawGate(own, (address) => context.visit(address));
  const listener = await listen({
    ...{ host: config.host, port: config.port, search: config.portSearch, setting: "dashboard.port" },
    maxConnections: config.maxConnections,
    answer: createFrontDesk({ own, isSecure: false, siteFor: () => site, stats, log }),
    upgrade: gate.upgrade,
  });
  if (config.port !== 0 && listener.port !== config.port)
    log.info(`port ${config.port} is in use: dashboard.port is ${listener.port} instead`);
  ready(`http://${urlHost(reachable(config.host))}:${listener.port}`);
  await aborted(signal);
  gate.close();
  await listener.close();
  await teaching.ended;
}

/** By its own name and address, too: a page elsewhere cannot have either lead somewhere else. */
function ownWeb({ hosts, origins }: DashboardConfig): OwnWeb {
  return { hosts: [...hosts, hostname(), `${hostname()}.local`], origins };
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

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
