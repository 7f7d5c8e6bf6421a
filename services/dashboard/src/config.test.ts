import { describe, expect, it } from "vitest";
import { DashboardConfig } from "./config.ts";

describe("the configuration of the dashboard", () => {
  it("shows the page to this machine alone unless it is told otherwise", () => {
    expect(DashboardConfig.parse({})).toEqual({
      ...{ host: "127.0.0.1", port: 8080, portSearch: false, hosts: [], origins: [], maxConnections: 128 },
      https: { port: 8443 },
    });
  });

  it.each([
    [{ port: 70_000 }, "port"],
    [{ hosts: ["https://kitchen.example"] }, "without a port"],
    [{ hosts: ["kitchen.example/x"] }, "without a port"],
    [{ origins: ["kitchen.example"] }, "Invalid URL"],
    [{ https: { cert: "cert.pem" } }, "cert and key belong together"],
    [{ samplesFolder: "" }, "samplesFolder"],
  ])("refuses %j", (config, why) => {
    const { error } = DashboardConfig.safeParse(config);
    expect(JSON.stringify(error?.issues)).toContain(why);
  });
});
