/** A whole Beckon in a process of its own, as `npm start` runs it, with a folder and a home of its own. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashPassword } from "@beckon/broker";
import { type BeckonProcess, withConfig } from "../stream/beckon-process.ts";
import { type Onlooker, onlooker } from "../stream/onlooker.ts";

export interface HomeOptions {
  /** Sections of beckon.yaml beside or instead of the usual ones; undefined leaves one out. */
  readonly config?: Readonly<Record<string, object | undefined>>;
  /** Who may log in, each with the password `<name>'s own`. */
  readonly users?: Readonly<Record<string, "admin" | "viewer" | "service">>;
  /** A broker elsewhere, in place of the one in the same process. */
  readonly broker?: string;
}

export interface Home {
  /** Of the page: `http://127.0.0.1:38455`. */
  readonly url: string;
  readonly process: BeckonProcess;
  /** Everything that it keeps lies below. */
  readonly folder: string;
  /** Sees and sends on the bus, as a user who may. */
  readonly bus: Onlooker;
  close(): Promise<void>;
}

/** Nothing is chosen by measuring it here: the tests are about the page. */
const SECTIONS = {
  broker: { port: 0, websocketPort: null },
  "camera-publisher": { cameras: { desk: { source: "synthetic", text: "HI", pause: 9000 } } },
  classifier: { models: ["letters"], engine: "onnx", workers: 1 },
  interpreter: {},
  relay: {
    relays: { lamp: { driver: { kind: "simulated" }, minOff: 0 } },
    rules: [{ when: { gesture: "L" }, relay: "lamp", do: "toggle" }],
  },
  dashboard: { port: 0 },
} as const;

export function passwordOf(user: string): string {
  return `${user}'s own`;
}

export async function openHome({ config = {}, users = {}, broker }: HomeOptions = {}): Promise<Home> {
  const folder = mkdtempSync(join(tmpdir(), "beckon-page-"));
  const hashed = await Promise.all(
    Object.entries(users).map(async ([name, role]) => [name, { role, password: await hashPassword(passwordOf(name)) }]),
  );
  const sections: Record<string, object | undefined> = { ...SECTIONS, ...config };
  if (broker) Object.assign(sections, { broker: undefined, mqtt: { url: broker } });
  else if (hashed.length > 0) sections["broker"] = { ...sections["broker"], users: Object.fromEntries(hashed) };
  const known = Object.fromEntries(Object.entries(sections).filter(([, section]) => section !== undefined));
  const process = withConfig(known, ["up", "--quiet"], {
    cwd: folder,
    env: {
      HOME: folder,
      XDG_STATE_HOME: join(folder, "state"),
      XDG_DATA_HOME: join(folder, "data"),
      XDG_CONFIG_HOME: join(folder, "config"),
      XDG_CACHE_HOME: join(folder, "cache"),
    },
  });
  try {
    const url = (await process.says(PAGE_ADDRESS))[1] ?? "";
    const brokerUrl = broker ?? (await process.says(/listens at (mqtt:\/\/127\.0\.0\.1:\d+)/))[1] ?? "";
    const admin = Object.entries(users).find(([, role]) => role === "admin")?.[0];
    const bus = await onlooker(brokerUrl, admin ? { username: admin, password: passwordOf(admin) } : undefined);
    return {
      url,
      process,
      folder,
      bus,
      close: async () => {
        await bus.close();
        await process.stop();
      },
    };
  } catch (error) {
    await process.stop();
    throw error;
  }
}

/** As the dashboard says it once it listens. */
const PAGE_ADDRESS = /dashboard: ready at (https?:\/\/127\.0\.0\.1:\d+)/;
