import { createHash, randomBytes } from "node:crypto";
import { type IncomingHttpHeaders, request } from "node:http";
import { createServer } from "node:net";
import { eventually, withDebian } from "@beckon/runtime/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { topics } from "../stream/onlooker.ts";
import { openPage, withBrowser, withHome } from "./stage.ts";

const home = withHome();

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request with any headers, as no browser and every script can send it. */
function ask(
  path: string,
  { method = "GET", body, ...headers }: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, home().url), { method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    sent.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: "" });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const UPGRADE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-protocol": "mqtt",
};

function upgrade(headers: Readonly<Record<string, string>>): Promise<Answer> {
  return ask("/mqtt", { ...UPGRADE, "sec-websocket-key": randomBytes(16).toString("base64"), ...headers });
}

/** As the page does at each connection: whoever may publish there may use the API. */
async function session(): Promise<string> {
  const token = randomBytes(32).toString("hex");
  const [config] = await home()
    .bus.sees(topics.serviceConfig.matching({ kind: "dashboard" }))
    .then(async (seen) => {
      await eventually(() => seen.length > 0);
      return seen;
    });
  const digest = createHash("sha256").update(token).digest("hex");
  await home().bus.sends(
    topics.serviceSet({ kind: "dashboard", id: config?.names.id ?? "" }).path,
    JSON.stringify({ session: digest }),
    1,
  );
  await eventually(async () => (await ask("/api/teach", { authorization: `Bearer ${token}` })).status === 200);
  return token;
}

/** Forbidden, or not meant for this server (RFC 9110, 15.5.20). */
const REFUSED = [403, 421];

const FOREIGN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "a foreign Host": { host: "evil.example" },
  "a foreign Host with our port": { host: "evil.example:80" },
  "a foreign Origin": { origin: "https://evil.example" },
  "an Origin of this machine on another port": { origin: "http://127.0.0.1:1" },
  "an Origin that has no name": { origin: "null" },
};

describe.each(Object.entries(FOREIGN))("%s", (_, headers) => {
  test("does not learn what the page must know", async () => {
    const { status, body, headers: answered } = await ask("/page.json", headers);
    expect(REFUSED).toContain(status);
    expect(body).not.toContain("prefix");
    expect(answered["access-control-allow-origin"]).toBeUndefined();
  });

  test("gets nothing from the API and changes nothing, even with a session", async () => {
    const authorization = `Bearer ${await session()}`;
    const before = (await ask("/api/teach", { authorization })).body;
    expect(REFUSED).toContain((await ask("/api/teach", { authorization, ...headers })).status);
    const wanted = JSON.stringify({ gesture: "stolen", camera: "desk" });
    const start = { method: "POST", authorization, "content-type": "application/json", body: wanted, ...headers };
    expect(REFUSED).toContain((await ask("/api/teach/recordings", start)).status);
    expect((await ask("/api/teach", { authorization })).body).toBe(before);
  });

  test("gets no WebSocket", async () => {
    expect(REFUSED).toContain((await upgrade(headers)).status);
  });
});

test("our own page gets its WebSocket, and the API only with a session", async () => {
  expect((await upgrade({ origin: new URL(home().url).origin })).status).toBe(101);
  expect((await ask("/page.json")).status).toBe(200);
  expect((await ask("/api/teach")).status).toBe(401);
  expect((await ask("/api/teach", { authorization: `Bearer ${"0".repeat(64)}` })).status).toBe(401);
});

test("no path leads out of the page's folder", async () => {
  for (const path of [
    "/../package.json",
    "/..%2fpackage.json",
    "/%2e%2e/package.json",
    "/build.json/../../package.json",
    "//etc/passwd",
  ]) {
    // `URL` would tidy it up: the path is sent as it is.
    const { hostname, port } = new URL(home().url);
    const status = await new Promise<number>((resolve, reject) => {
      request({ hostname, port, path }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on("error", reject)
        .end();
    });
    expect([400, 403, 404], path).toContain(status);
  }
});

withDebian("chromium")("a page of somebody else in the same browser", () => {
  const browser = withBrowser({ camera: "none" });

  test("can neither read ours, nor connect, nor put it into a frame", async () => {
    const theirs = await foreignPage();
    const page = await openPage(browser().browser, theirs);
    const states = await home().bus.sees(topics.relayEvent.matching());
    const tried = await page.evaluate<Record<string, string>>(`(async () => {
      const ours = ${JSON.stringify(home().url)};
      const outcome = (promise) => promise.then(() => "worked", () => "refused");
      return {
        read: await outcome(fetch(ours + "/page.json").then((response) => response.json())),
        api: await outcome(fetch(ours + "/api/teach", { headers: { authorization: "Bearer x" } })),
        socket: await outcome(new Promise((resolve, reject) => {
          const socket = new WebSocket(ours.replace("http", "ws") + "/mqtt", "mqtt");
          socket.onopen = resolve;
          socket.onerror = reject;
        })),
      };
    })()`);
    expect(tried).toEqual({ read: "refused", api: "refused", socket: "refused" });
    await page.evaluate(`(() => {
      const frame = document.createElement("iframe");
      frame.src = ${JSON.stringify(home().url)};
      document.body.append(frame);
      return new Promise((resolve) => { frame.onload = resolve; });
    })()`);
    // What is refused is shown as an error page of the browser's own.
    const framed = page.mainFrame().childFrames();
    expect(framed.map((frame) => frame.url())).toEqual(["chrome-error://chromewebdata/"]);
    expect(states).toEqual([]);
  });
});

async function foreignPage(): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () =>
      socket.end("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<!doctype html><p>theirs"),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`;
}
