import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";

import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { debianProgram, eventually } from "@beckon/runtime/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { alertRules, dashboards } from "./files.ts";
import { performed, type Stage } from "./stage.ts";

/** Grafana is neither in Debian nor in the registry of packages: this runs where somebody has put it on the PATH. */
function onPath(program: string): string | undefined {
  const { status, stdout } = spawnSync("which", [program], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

const GRAFANA = onPath("grafana");
const CHROMIUM = onPath("chromium") ?? onPath("chromium-browser");
const FILES = fileURLToPath(new URL("../../grafana/", import.meta.url));
const PICTURES = fileURLToPath(new URL("../../runs/grafana/", import.meta.url));

describe.skipIf(!(GRAFANA && debianProgram("influxd")))("a real Grafana with the files that are provisioned", () => {
  const folder = mkdtempSync(join(tmpdir(), "beckon-grafana-"));
  let stage: Stage;
  let server: ChildProcess;
  let url: string;

  beforeAll(async () => {
    stage = await performed();
    cpSync(join(FILES, "provisioning"), join(folder, "provisioning"), { recursive: true });
    const provider = join(folder, "provisioning/dashboards/beckon.yaml");
    const path = /\/var\/lib\/grafana\/dashboards\/beckon/;
    writeFileSync(provider, readFileSync(provider, "utf8").replace(path, join(FILES, "dashboards")));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const binary = GRAFANA ?? "";
    server = spawn(binary, ["server", "--homepath", homeOf(binary)], {
      stdio: "ignore",
      env: {
        ...process.env,
        GF_PATHS_DATA: join(folder, "data"),
        GF_PATHS_PROVISIONING: join(folder, "provisioning"),
        GF_SERVER_HTTP_ADDR: "127.0.0.1",
        GF_SERVER_HTTP_PORT: String(port),
        GF_AUTH_ANONYMOUS_ENABLED: "true",
        GF_AUTH_ANONYMOUS_ORG_ROLE: "Admin",
        GF_ANALYTICS_REPORTING_ENABLED: "false",
        GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
        BECKON_INFLUX_URL: stage.url,
        BECKON_INFLUX_DATABASE: stage.database,
      },
    });
    await eventually(async () => (await fetch(`${url}/api/health`)).ok, { within: 90_000 });
  });

  afterAll(async () => {
    server.kill();
    await stage.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("has the dashboards, the data source and the alert rules", async () => {
    const found = (await (await fetch(`${url}/api/search?tag=beckon`)).json()) as { uid: string }[];
    expect(found.map(({ uid }) => uid).toSorted()).toEqual(
      dashboards()
        .map(({ uid }) => uid)
        .toSorted(),
    );
    const health = await fetch(`${url}/api/datasources/uid/beckon-influx/health`);
    expect(health.status).toBe(200);
    const rules = (await (await fetch(`${url}/api/v1/provisioning/alert-rules`)).json()) as { uid: string }[];
    expect(rules.map(({ uid }) => uid).toSorted()).toEqual(
      alertRules()
        .map(({ uid }) => uid)
        .toSorted(),
    );
  });

  it.skipIf(!CHROMIUM).each(dashboards())("shows $title: a picture of it is in runs/grafana", ({ uid }) => {
    mkdirSync(PICTURES, { recursive: true });
    const picture = join(PICTURES, `${uid}.png`);
    const { from, to } = stage.range;
    const shown = spawnSync(CHROMIUM ?? "", [
      ...["--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=1600,2400", "--virtual-time-budget=20000"],
      `--screenshot=${picture}`,
      `${url}/d/${uid}?kiosk&from=${from}&to=${to}`,
    ]);
    expect(shown.status).toBe(0);
    expect(statSync(picture).size).toBeGreaterThan(20_000);
  });
});

/** A package has its files in /usr/share/grafana, an archive beside its bin. */
function homeOf(binary: string): string {
  return binary.startsWith("/usr/") ? "/usr/share/grafana" : dirname(dirname(binary));
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
