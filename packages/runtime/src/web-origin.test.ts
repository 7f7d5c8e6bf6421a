import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { foreign, foreignDetail, isOwnHost, isOwnOrigin, type OwnWeb } from "./web-origin.ts";

describe("the host of a request", () => {
  it.each(["localhost", "LOCALHOST:1", "127.0.0.1", "127.9.9.9:80", "[::1]:9001", "pi.local:9001", "PI.local"])(
    "is this machine by the name of %s",
    (host) => {
      expect(isOwnHost(host, "192.0.2.1", ["pi.local"])).toBe(true);
    },
  );

  it("is this machine by the address that the connection came to", () => {
    expect(isOwnHost("192.0.2.1:8080", "192.0.2.1", [])).toBe(true);
    expect(isOwnHost("192.0.2.1", "::ffff:192.0.2.1", [])).toBe(true);
    expect(isOwnHost("[2001:db8::1]:8080", "2001:db8::1", [])).toBe(true);
    expect(isOwnHost("192.0.2.2", "192.0.2.1", [])).toBe(false);
  });

  it.each([
    "",
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil",
    "evil@127.0.0.1",
    "127.0.0.1/evil",
    "pi.local, evil.example",
    "pi.local:",
    "a".repeat(256),
    "[::1",
    "127.0.0.1:99999",
  ])("is another by the name of %j", (host) => {
    const own = host === "pi.local:";
    expect(isOwnHost(host, "192.0.2.1", ["pi.local"])).toBe(own);
  });
});

describe("the origin of a request", () => {
  const origins = ["https://home.example", "http://192.0.2.9:8080/", "no url"];

  it.each(["https://home.example", "HTTPS://home.example", "http://192.0.2.9:8080", "http://pi.local:8080"])(
    "is a page of ours at %s",
    (origin) => {
      expect(isOwnOrigin(origin, "pi.local:8080", origins)).toBe(true);
    },
  );

  it.each([
    "http://evil.example",
    "http://home.example",
    "https://home.example:8443",
    "http://pi.local",
    "http://pi.local:8081",
    "http://pi.local:8080.evil.example",
    "file://pi.local:8080",
    "ws://pi.local:8080",
    "no url",
    "null",
    "",
  ])("is another page at %j", (origin) => {
    expect(isOwnOrigin(origin, "pi.local:8080", origins)).toBe(false);
  });
});

describe("a request", () => {
  const own: OwnWeb = { hosts: ["pi.local"], origins: [] };
  const judge = (headers: Record<string, string>) =>
    foreign({ headers, socket: { localAddress: "127.0.0.1" } } as unknown as IncomingMessage, own);

  it("of a program or a page of ours is answered", () => {
    expect(judge({ host: "pi.local" })).toBeUndefined();
    expect(judge({ host: "pi.local:8080", origin: "http://pi.local:8080" })).toBeUndefined();
  });

  it("is foreign by its host before its origin is looked at, and by its origin", () => {
    expect(judge({})).toBe("foreign-host");
    expect(judge({ host: "evil.example", origin: "http://evil.example" })).toBe("foreign-host");
    expect(judge({ host: "pi.local", origin: "http://evil.example" })).toBe("foreign-origin");
    expect(judge({ host: "pi.local", origin: "" })).toBe("foreign-origin");
  });

  it("that is foreign is told of in one short line, with the setting that would let it in", () => {
    const request = {
      headers: { host: `evil\n${"x".repeat(500)}`, origin: "http://evil.example" },
      socket: { remoteAddress: "192.0.2.7" },
    } as unknown as IncomingMessage;
    expect(foreignDetail("foreign-host", request, "broker")).toBe(
      `192.0.2.7 asked for "evil\\n${"x".repeat(123)}": see broker.hosts`,
    );
    expect(foreignDetail("foreign-origin", request, "dashboard")).toBe(
      'a page of "http://evil.example", at 192.0.2.7: see dashboard.origins',
    );
  });
});
