import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer } from "node:tls";
import { debianProgram, withDebian } from "@beckon/runtime/testing";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createAuthority, issueCertificate, mayVouch } from "./authority.ts";
import { type Certificate, checkPair, hasSigned, isFor, nameOf, timeLeft } from "./certificate.ts";

const DAY_MS = 86_400_000;
const NAMES = [
  "localhost",
  "kitchen",
  "kitchen.local",
  "127.0.0.1",
  "::1",
  "192.168.1.5",
  "fd00::1:2",
  "2001:db8::7",
  "::ffff:192.0.2.9",
];

afterEach(() => {
  vi.useRealTimers();
});

/** @returns undefined when a client that trusts the authority takes it for `name`, else why not */
async function distrust(server: Certificate, authority: Certificate, name: string): Promise<string | undefined> {
  const listener = createServer(server, (socket) => socket.on("error", () => {}).end()).listen(0, "127.0.0.1");
  await new Promise((resolve) => listener.once("listening", resolve));
  const { port } = listener.address() as AddressInfo;
  try {
    return await new Promise((resolve) => {
      const isAddress = name.includes(":") || /^[\d.]+$/.test(name);
      const socket = connect({
        socket: connectTcp(port, "127.0.0.1"),
        host: name,
        ca: authority.cert,
        ...(isAddress ? {} : { servername: name }),
      });
      socket.once("secureConnect", () => resolve(undefined));
      socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
      socket.once("close", () => resolve("closed"));
    });
  } finally {
    listener.close();
  }
}

describe("the authority of a home", () => {
  let authority: Certificate;
  let server: Certificate;
  beforeAll(async () => {
    authority = await createAuthority("kitchen", [
      "kitchen",
      "my.example",
      "192.0.2.7",
      "2001:db8::7",
      "::ffff:192.0.2.9",
    ]);
    server = await issueCertificate(authority, NAMES);
  });

  it("vouches for a server, so that who trusts it reaches that under all its names", async () => {
    for (const name of NAMES) {
      expect(await distrust(server, authority, name)).toBeUndefined();
      expect(isFor(server, name)).toBe(true);
    }
    expect(await distrust(server, authority, "other.local")).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
    expect(await distrust(server, await createAuthority("kitchen", []), "kitchen")).toMatch(
      /SIGNATURE|SELF_SIGNED|ISSUER/,
    );
    expect(hasSigned(authority, server)).toBe(true);
    for (const pair of [authority, server]) checkPair(pair);
    expect(() => checkPair({ ...server, key: authority.key })).toThrow("not that of the certificate");
  });

  it("is believed about nothing on the internet, whatever it signs", async () => {
    for (const name of ["bank.example", "8.8.8.8", "2001:db8::1"]) {
      expect(mayVouch(authority, name)).toBe(false);
      expect(await distrust(await issueCertificate(authority, [name]), authority, name)).toMatch(
        /SUBTREE|PERMITTED|UNSPECIFIED/,
      );
    }
  });

  it.each([
    ["localhost", true],
    ["kitchen", true],
    ["KITCHEN.local", true],
    ["a.b.my.example", true],
    ["notmy.example", false],
    ["local.example", false],
    ["10.1.2.3", true],
    ["172.31.0.1", true],
    ["172.32.0.1", false],
    ["192.0.2.7", true],
    ["192.0.2.8", false],
    ["::1", true],
    ["::2", false],
    ["fe80::1", true],
    ["fdff::1", true],
    ["2001:db8::7", true],
    ["2001:db8::8", false],
    ["::ffff:10.0.0.1", false],
    ["::ffff:192.0.2.9", true],
    ["::ffff:192.0.2.8", false],
    ["192.0.2.9", false],
  ])("may vouch for %s: %s", (name, isPermitted) => {
    expect(mayVouch(authority, name)).toBe(isPermitted);
  });

  it("counts for ten years, and its servers for as long as Apple allows and it counts itself", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: new Date("2030-01-02T12:00:00Z") });
    const made = await createAuthority("kitchen", []);
    expect(nameOf(made)).toBe("Beckon on kitchen 2030-01-02");
    expect(new X509Certificate(made.cert).validTo).toBe("Jan  1 12:00:00 2040 GMT");
    expect(Math.round(timeLeft(await issueCertificate(made, ["kitchen"])) / DAY_MS)).toBe(396);
    vi.setSystemTime(new Date("2039-12-01T12:00:00Z"));
    expect(timeLeft(await issueCertificate(made, ["kitchen"]))).toBe(timeLeft(made));
    vi.setSystemTime(new Date("2045-06-01T00:00:00Z"));
    expect(new X509Certificate((await createAuthority("kitchen", [])).cert).validTo).toContain("2055");
  });

  withDebian("openssl")("asked by OpenSSL", () => {
    it("keeps to the standard, to the letter", () => {
      const openssl = debianProgram("openssl") ?? "";
      const folder = mkdtempSync(join(tmpdir(), "beckon-openssl-"));
      try {
        writeFileSync(join(folder, "ca.pem"), authority.cert);
        writeFileSync(join(folder, "server.pem"), server.cert);
        const words = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "ca.pem", "server.pem"];
        expect(execFileSync(openssl, words, { cwd: folder, encoding: "utf8" })).toBe("server.pem: OK\n");
        const text = execFileSync(openssl, ["x509", "-in", "ca.pem", "-noout", "-text"], {
          cwd: folder,
          encoding: "utf8",
        });
        expect(text).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
        expect(text).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign/);
        expect(text).toMatch(/Name Constraints: critical/);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  });
});
