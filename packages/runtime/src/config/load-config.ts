import { SERVICE_KINDS, type ServiceKind } from "@beckon/protocol";
import { z } from "zod";
import { brokerUrl } from "../broker-url.ts";
import { stateFolder, withHome } from "../folders.ts";
import type { Service } from "../service.ts";
import { ConfigError } from "./config-error.ts";
import { type Fault, faultsOf, keyHint } from "./faults.ts";
import { isSection, type KeyPath, startsWith, valueAt, withValue } from "./key-path.ts";
import { environmentOverrides, type Flag, flagOverrides, type Override } from "./overrides.ts";
import {
  KeepSettingsValue,
  LogSection,
  MonitoringSection,
  type MqttConnection,
  MqttSection,
  PrefixValue,
  type SharedConfig,
} from "./shared-config.ts";
import { readSmallFile } from "./small-file.ts";
import { readYaml, type YamlFile } from "./yaml-file.ts";

export interface ConfigSources {
  /** Path of a beckon.yaml; without one the defaults hold. */
  readonly file?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** They win over the environment, which wins over the file; of two for the same path the last wins. */
  readonly flags?: readonly Flag[];
  /** Whose sections are parsed; those of other kinds are left alone. */
  // biome-ignore lint/suspicious/noExplicitAny: each service has a configuration of its own, and C stands on both sides.
  readonly services: readonly Pick<Service<any>, "kind" | "config">[];
}

/** A configuration without a fault. */
export interface Config {
  readonly shared: SharedConfig;
  /** Kinds that the file, the environment or a flag has a section for. */
  readonly kinds: ReadonlySet<ServiceKind>;
  /**
   * The section of one of the services that were given; of one that is written nowhere, its defaults.
   *
   * @throws {ConfigError} when it is written nowhere, and must be
   */
  section<C>(service: Pick<Service<C>, "kind" | "config">): C;
}

/**
 * Reads beckon.yaml, the environment and the flags, and checks all of it before anything connects.
 *
 * @throws {ConfigError} with every fault: file and line (or the variable, or the flag), key, what was found, what is allowed
 */
export function loadConfig({ file, env, flags = [], services }: ConfigSources): Config {
  const yaml = file === undefined ? undefined : readYaml(file);
  const schema = z.object({
    prefix: PrefixValue,
    mqtt: MqttSection,
    log: LogSection,
    monitoring: MonitoringSection,
    keepSettings: KeepSettingsValue,
    ...Object.fromEntries(services.map(({ kind, config }) => [kind, config])),
  });
  const written = yaml?.value ?? {};
  if (!isSection(written)) throw new ConfigError([`${file}: must be a list of sections such as mqtt: and classifier:`]);
  const fromEnv = environmentOverrides(schema, written, env);
  const fromFlags = flagOverrides(schema, written, flags);
  const overrides = [...fromEnv.overrides, ...fromFlags.overrides];
  const tree = withSections(
    overrides.reduce<unknown>((values, { path, value }) => withValue(values, path, value), written),
    services.map(({ kind }) => kind),
  );
  const origin = originIn(file, yaml, overrides);
  const faultsIn = (key: string, section: z.ZodType): readonly Fault[] => faultsOf(section, tree[key], [key]);
  const kinds = new Set(SERVICE_KINDS.filter((kind) => mentioned(written, overrides, kind)));
  const faults = [
    ...topFaults(written),
    ...faultsIn("prefix", PrefixValue),
    ...faultsIn("mqtt", MqttSection),
    ...faultsIn("log", LogSection),
    ...faultsIn("monitoring", MonitoringSection),
    ...faultsIn("keepSettings", KeepSettingsValue),
    ...services.filter(({ kind }) => kinds.has(kind)).flatMap(({ kind, config }) => faultsIn(kind, config)),
  ];
  const lines = [...new Set([...inOrder(faults, yaml).map(origin), ...fromEnv.errors, ...fromFlags.errors])];
  if (lines.length > 0) throw new ConfigError(lines);
  return {
    shared: {
      prefix: PrefixValue.parse(tree["prefix"]),
      mqtt: connectionOf(MqttSection.parse(tree["mqtt"]), origin),
      log: LogSection.parse(tree["log"]),
      monitoring: MonitoringSection.parse(tree["monitoring"]),
      ...keepSettingsIn(KeepSettingsValue.parse(tree["keepSettings"]), origin),
    },
    kinds,
    section: ({ kind, config }) => {
      const missing = faultsIn(kind, config).map(origin);
      if (missing.length > 0) throw new ConfigError(missing);
      return config.parse(tree[kind]);
    },
  };
}

type MqttFields = z.infer<typeof MqttSection>;

/** A section that is not there, or has nothing in it, has all the defaults. */
function withSections(tree: unknown, kinds: readonly ServiceKind[]): Readonly<Record<string, unknown>> {
  const values = isSection(tree) ? tree : {};
  const empty = ["mqtt", "log", "monitoring", ...kinds].filter(
    (key) => values[key] === undefined || values[key] === null,
  );
  return { ...values, ...Object.fromEntries(empty.map((key) => [key, {}])) };
}

function topFaults(written: Readonly<Record<string, unknown>>): readonly Fault[] {
  const known = ["prefix", "mqtt", "log", "monitoring", "keepSettings", ...SERVICE_KINDS];
  return Object.keys(written)
    .filter((key) => !known.includes(key))
    .map((key) => ({ path: [key], text: `${key} is no section${keyHint(key, known)}` }));
}

function mentioned(written: object, overrides: readonly Override[], kind: ServiceKind): boolean {
  return Object.hasOwn(written, kind) || overrides.some(({ path }) => path[0] === kind);
}

/** Puts before a fault where its value came from. */
function originIn(
  file: string | undefined,
  yaml: YamlFile | undefined,
  overrides: readonly Override[],
): (fault: Fault) => string {
  return ({ path, text }) => {
    const override =
      overrides.findLast((one) => startsWith(path, one.path)) ??
      (valueAt(yaml?.value, path) === undefined ? overrides.findLast((one) => startsWith(one.path, path)) : undefined);
    if (override) return `${override.origin}: ${text}`;
    const line = yaml?.lineOf(path);
    return `${[file ?? "no beckon.yaml", ...(line === undefined ? [] : [line])].join(":")}: ${text}`;
  };
}

function inOrder(faults: readonly Fault[], yaml: YamlFile | undefined): readonly Fault[] {
  const line = (path: KeyPath): number => yaml?.lineOf(path) ?? Number.POSITIVE_INFINITY;
  return faults.toSorted((a, b) => (line(a.path) === line(b.path) ? 0 : line(a.path) - line(b.path)));
}

/** Reads the files that the section names; all paths are as seen from the working folder. */
function connectionOf(
  { url, username, password, passwordFile, ca, cert, key }: MqttFields,
  origin: (fault: Fault) => string,
): MqttConnection {
  const errors: string[] = [];
  const read = (name: string, path: string | undefined): Buffer | undefined => {
    if (path === undefined) return undefined;
    try {
      return readSmallFile(path);
    } catch (error) {
      errors.push(origin({ path: ["mqtt", name], text: `mqtt.${name}: ${(error as Error).message}` }));
      return undefined;
    }
  };
  const secret = password ?? read("passwordFile", passwordFile)?.toString("utf8").split(/\r?\n/)[0];
  const tls = defined({ ca: read("ca", ca), cert: read("cert", cert), key: read("key", key) });
  if ((cert === undefined) !== (key === undefined))
    errors.push(origin({ path: ["mqtt", "cert"], text: "mqtt.cert and mqtt.key belong together: one is missing" }));
  const [file] = Object.keys(defined({ ca, cert, key }));
  if (file !== undefined && !brokerUrl(url)?.encrypted) {
    const text = `mqtt.${file} is of no use without encryption: write mqtts:// or wss:// in mqtt.url`;
    errors.push(origin({ path: ["mqtt", file], text }));
  }
  if (errors.length > 0) throw new ConfigError(errors);
  return {
    url,
    ...defined({ username, password: secret }),
    ...(Object.keys(tls).length > 0 ? { tls } : {}),
  };
}

/** Which folder is meant. */
function keepSettingsIn(
  value: z.infer<typeof KeepSettingsValue>,
  origin: (fault: Fault) => string,
): Pick<SharedConfig, "keepSettings"> {
  if (value === false) return {};
  const folder = value === true ? stateFolder("settings") : withHome(value);
  if (folder !== undefined) return { keepSettings: folder };
  const text = "keepSettings is true, but this user has no home folder: name a folder instead";
  throw new ConfigError([origin({ path: ["keepSettings"], text })]);
}

/** Without what is undefined: `exactOptionalPropertyTypes` tells it from what is left out. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
