import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceFailure } from "@beckon/runtime";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createAuthority, issueCertificate } from "./authority.ts";
import { isFor, timeLeft } from "./certificate.ts";
import { type Kept, keepCertificates } from "./certificate-keeper.ts";
import { openCertificateSource } from "./certificate-source.ts";

const DAY_MS = 86_400_000;

let root: string;
let folder: string;
let said: string[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "beckon-certificate-"));
  folder = join(root, "state", "dashboard");
  said = [];
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(root, { recursive: true });
});

const log = {
  info: (line: string) => void said.push(`info ${line}`),
  warn: (...words: unknown[]) => void said.push(`warn ${words.at(-1)}`),
} as never;

function keep(names = ["localhost", "kitchen", "192.168.1.5"], hosts: readonly string[] = []): Promise<Kept> {
  return keepCertificates({ folder, hosts, ownNames: () => names, log });
}

describe("the certificates of a machine", () => {
  it("are made once, and found again", async () => {
    const first = await keep();
    expect(said).toEqual([
      expect.stringMatching(/^info made a certificate authority for this home; its SHA-256 is ([0-9A-F]{2}:){31}/),
      "info made a certificate for localhost, kitchen, 192.168.1.5",
    ]);
    expect(await keep()).toEqual(first);
    expect(said).toHaveLength(2);
  });

  it("are of this user alone, and nothing is left beside them", async () => {
    await keep();
    expect(await readdir(folder)).toEqual(["authority.pem", "server.pem"]);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const name of ["authority.pem", "server.pem"])
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    await chmod(join(folder, "authority.pem"), 0o644);
    await keep();
    expect((await stat(join(folder, "authority.pem"))).mode & 0o777).toBe(0o600);
    expect(said.at(-1)).toMatch(/^warn .*authority\.pem could be read by others/);
  });

  it("are renewed a month before their end, by the authority that people trust", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const first = await keep();
    vi.setSystemTime(Date.now() + 365 * DAY_MS);
    expect((await keep()).server).toEqual(first.server);
    vi.setSystemTime(Date.now() + 2 * DAY_MS);
    const second = await keep();
    expect(second.authority).toEqual(first.authority);
    expect(second.server).not.toEqual(first.server);
    expect(timeLeft(second.server)).toBeGreaterThan(395 * DAY_MS);
  });

  it("are another ones after ten years, which is said", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const first = await keep();
    vi.setSystemTime(Date.now() + 3640 * DAY_MS);
    expect((await keep()).authority).not.toEqual(first.authority);
    expect(said).toContainEqual(expect.stringMatching(/^warn the certificate authority ends soon, .* trusted anew/));
  });

  it("are renewed for a new address, and not when one goes", async () => {
    const first = await keep();
    expect((await keep(["localhost", "kitchen"])).server).toEqual(first.server);
    const { server, authority } = await keep(["localhost", "kitchen", "192.168.1.6"]);
    expect(authority).toEqual(first.authority);
    expect([isFor(server, "192.168.1.6"), isFor(server, "192.168.1.5")]).toEqual([true, false]);
  });

  it("leave out what the authority may not vouch for, unless the user has asked for it", async () => {
    await keep(["kitchen"]);
    const moved = await keep(["kitchen", "8.8.8.8"]);
    expect(isFor(moved.server, "8.8.8.8")).toBe(false);
    const asked = await keep(["kitchen"], ["home.example"]);
    expect(isFor(asked.server, "home.example")).toBe(true);
    expect(asked.authority).not.toEqual(moved.authority);
    expect(said).toContainEqual(
      expect.stringMatching(/^warn .*may not vouch for home\.example of dashboard\.hosts, .*anew/),
    );
  });

  it.each([
    ["nothing", async () => ""],
    ["half of it", async () => "-----BEGIN CERTIFICATE-----\nMIIB\n"],
    ["no key", async () => (await createAuthority("x", [])).cert],
    ["another key", async () => (await createAuthority("x", [])).cert + (await createAuthority("x", [])).key],
  ])("are not replaced where the authority's file has %s", async (_what, make) => {
    const content = await make();
    await keep();
    await writeFile(join(folder, "authority.pem"), content, { mode: 0o600 });
    await expect(keep()).rejects.toThrow(ServiceFailure);
    await expect(keep()).rejects.toThrow(
      /authority\.pem is no certificate authority of ours .*: bring it back, or delete it/,
    );
    expect(await readFile(join(folder, "authority.pem"), "utf8")).toBe(content);
  });

  it("are made anew where only the server's file is damaged, or of another authority", async () => {
    const first = await keep();
    await writeFile(join(folder, "server.pem"), "broken");
    expect((await keep()).authority).toEqual(first.authority);
    expect(said).toContainEqual(expect.stringMatching(/^warn .*server\.pem is no certificate .*making another one/));
    const foreign = await issueCertificate(await createAuthority("x", []), ["localhost", "kitchen", "192.168.1.5"]);
    await writeFile(join(folder, "server.pem"), foreign.cert + foreign.key);
    expect((await keep()).server.cert).not.toBe(foreign.cert);
  });

  it("cannot be kept in a place that is no folder, which is said", async () => {
    await writeFile(join(root, "state"), "");
    await expect(keep()).rejects.toThrow(/^cannot keep the certificate of the page in .*state\/dashboard: /);
  });
});

describe("the source of certificates", () => {
  it("follows the addresses of the machine while it runs", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const names = ["localhost"];
    const source = await openCertificateSource({ hosts: [], log, folder, ownNames: () => names });
    const before = source.authority?.fingerprint;
    const renewed = new Promise((resolve) => {
      source.follow(resolve);
    });
    names.push("10.0.0.9");
    vi.advanceTimersByTime(60_000);
    expect(await renewed).toBe(source.current);
    expect(isFor(source.current, "10.0.0.9")).toBe(true);
    expect(source.authority?.fingerprint).toBe(before);
  });

  it("takes a certificate of the user's own, and its renewal, and says what is wrong with it", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date"] });
    const authority = await createAuthority("elsewhere", []);
    const [cert, key] = [join(root, "cert.pem"), join(root, "key.pem")];
    const put = async (): Promise<string> => {
      const made = await issueCertificate(authority, ["kitchen.lan"]);
      await writeFile(cert, made.cert);
      await writeFile(key, made.key);
      return made.cert;
    };
    const open = () => openCertificateSource({ cert, key, hosts: [], log, folder });
    await expect(open()).rejects.toThrow(`cannot read dashboard.https.cert "${cert}": no such file`);
    const first = await put();
    const source = await open();
    expect({ cert: source.current.cert, authority: source.authority }).toEqual({ cert: first, authority: undefined });

    const renewed = new Promise((resolve) => {
      source.follow(resolve);
    });
    const second = await put();
    vi.advanceTimersByTime(60_000);
    await renewed;
    expect(source.current.cert).toBe(second);

    await writeFile(key, (await issueCertificate(authority, ["kitchen.lan"])).key);
    await expect(open()).rejects.toThrow(
      /are no certificate with its key in PEM: the key is not that of the certificate/,
    );
    await writeFile(key, "no key");
    await expect(open()).rejects.toThrow(/dashboard\.https\.key ".*" are no certificate with its key in PEM/);
    await put();
    vi.setSystemTime(Date.now() + 400 * DAY_MS);
    await expect(open()).rejects.toThrow(/has expired: renew it/);
  });
});
