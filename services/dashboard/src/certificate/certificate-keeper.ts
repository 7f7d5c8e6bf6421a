import { chmod, mkdir, readFile, rename, stat, unlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { type Logger, ServiceFailure } from "@beckon/runtime";
import { fileReason } from "@beckon/vision/system-reason";
import { type Certificate, checkPair, fingerprint, hasSigned, isFor, timeLeft } from "./certificate.ts";

export interface KeeperOptions {
  /** Where both certificates and their keys lie, for this user alone. */
  readonly folder: string;
  /** Names and addresses that the certificate must be for, as the user has them; see `dashboard.hosts`. */
  readonly hosts: readonly string[];
  /** What this machine is called and reached by, now. Those that the authority may not vouch for are left out. */
  readonly ownNames: () => readonly string[];
  readonly log: Pick<Logger, "info" | "warn">;
}

/** The authority that people trust, and the certificate of the server that it vouches for. */
export interface Kept {
  readonly authority: Certificate;
  readonly server: Certificate;
}

const DAY_MS = 86_400_000;
/** Nobody may notice an end; a machine that is off for a month finds a certificate that still counts. */
const RENEW_BEFORE_MS = 30 * DAY_MS;
const AUTHORITY_FILE = "authority.pem";
const SERVER_FILE = "server.pem";
const MAX_FILE_BYTES = 65_536;
const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY_FILE = 0o600;
const OTHERS = 0o077;

/**
 * Finds the certificates of an earlier start, or makes what is missing, ends soon, or is not for all names any more.
 *
 * @throws {ServiceFailure} when the folder cannot be used, or the authority in it is damaged: another one in its place would
 * have to be trusted anew, which is not ours to decide
 */
export async function keepCertificates({ folder, hosts, ownNames, log }: KeeperOptions): Promise<Kept> {
  await readyFolder(folder);
  // What writes certificates takes memory and time to load, which a page without HTTPS does without.
  const { createAuthority, issueCertificate, mayVouch } = await import("./authority.ts");
  const authorityFile = join(folder, AUTHORITY_FILE);
  const known = await readAuthority(authorityFile, log);
  const stranger = known && hosts.find((host) => !mayVouch(known, host));
  const why = known && whyAnotherAuthority(known, stranger);
  const names = asNames(ownNames());
  const authority = known && why === undefined ? known : await createAuthority(hostname(), [...hosts, ...names]);
  if (authority !== known) {
    await writeForOwner(authorityFile, authority);
    const sha256 = fingerprint(authority);
    if (why === undefined) log.info(`made a certificate authority for this home; its SHA-256 is ${sha256}`);
    else log.warn(`${why}, so there is another one, to be trusted anew; its SHA-256 is ${sha256}`);
  }
  const serverFile = join(folder, SERVER_FILE);
  const wanted = [...new Set([...names.filter((name) => mayVouch(authority, name)), ...hosts])];
  const old = await readServer(serverFile, log);
  if (old && isGood(old, authority, wanted)) return { authority, server: old };
  const server = await issueCertificate(authority, wanted);
  await writeForOwner(serverFile, server);
  log.info(`made a certificate for ${wanted.join(", ")}`);
  return { authority, server };
}

/** Those that may stand in a certificate: a host may be called what no name in the DNS is. */
function asNames(names: readonly string[]): string[] {
  return names.map((name) => name.toLowerCase()).filter((name) => /^[a-z0-9.:-]{1,253}$/.test(name));
}

function whyAnotherAuthority(authority: Certificate, stranger: string | undefined): string | undefined {
  if (timeLeft(authority) < RENEW_BEFORE_MS) return "the certificate authority ends soon";
  return stranger && `the certificate authority may not vouch for ${stranger} of dashboard.hosts`;
}

function isGood(server: Certificate, authority: Certificate, names: readonly string[]): boolean {
  return (
    timeLeft(server) >= RENEW_BEFORE_MS &&
    hasSigned(authority, server) &&
    server.cert.endsWith(authority.cert) &&
    names.every((name) => isFor(server, name))
  );
}

async function readyFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: OWNER_ONLY_FOLDER });
    await chmod(folder, OWNER_ONLY_FOLDER);
  } catch (error) {
    throw new ServiceFailure(`cannot keep the certificate of the page in ${folder}: ${fileReason(error)}`, {
      cause: error,
    });
  }
}

async function readAuthority(file: string, log: KeeperOptions["log"]): Promise<Certificate | undefined> {
  try {
    return await readPair(file, log);
  } catch (error) {
    throw new ServiceFailure(
      `${file} is no certificate authority of ours (${fileReason(error)}): bring it back, or delete it and trust the new one`,
      { cause: error },
    );
  }
}

async function readServer(file: string, log: KeeperOptions["log"]): Promise<Certificate | undefined> {
  try {
    return await readPair(file, log);
  } catch (error) {
    log.warn(`${file} is no certificate (${fileReason(error)}); making another one`);
    return undefined;
  }
}

/** @returns undefined when there is none */
async function readPair(file: string, log: KeeperOptions["log"]): Promise<Certificate | undefined> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!found) return undefined;
  if (found.size > MAX_FILE_BYTES) throw new Error(`it has ${found.size} bytes`);
  if (process.platform !== "win32" && (found.mode & OTHERS) !== 0) {
    log.warn(`${file} could be read by others; it is this user's alone now`);
    await chmod(file, OWNER_ONLY_FILE);
  }
  const text = await readFile(file, "utf8");
  const at = text.indexOf("-----BEGIN PRIVATE KEY-----");
  if (at < 0) throw new Error("it has no key");
  const pair = { cert: text.slice(0, at), key: text.slice(at) };
  checkPair(pair);
  return pair;
}

/** Whoever reads it finds the old one or the new one whole. */
async function writeForOwner(file: string, { cert, key }: Certificate): Promise<void> {
  const unfinished = `${file}.${process.pid}.new`;
  try {
    await writeFile(unfinished, cert + key, { mode: OWNER_ONLY_FILE, flush: true });
    await rename(unfinished, file);
  } catch (error) {
    await unlink(unfinished).catch(() => {});
    throw new ServiceFailure(`cannot write ${file}: ${fileReason(error)}`, { cause: error });
  }
}
