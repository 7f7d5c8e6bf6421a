import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { createLogger, type LoggerOptions } from "./log.ts";

function written(options: Omit<LoggerOptions, "service" | "destination">, isTTY = false) {
  const destination = Object.assign(new PassThrough(), { isTTY });
  const log = createLogger({ service: "classifier", ...options, destination });
  return { log, text: () => String(destination.read() ?? "") };
}

describe("createLogger", () => {
  it("writes a line of JSON where nobody watches", () => {
    const { log, text } = written({ level: "info", format: "auto" });
    log.child({ camera: "desk" }).warn({ reason: "bad-image" }, "a frame was dropped");
    const line = JSON.parse(text());
    expect(line).toMatchObject({
      name: "classifier",
      camera: "desk",
      reason: "bad-image",
      msg: "a frame was dropped",
      level: 40,
    });
    expect(line).not.toHaveProperty("pid");
    expect(line).not.toHaveProperty("hostname");
  });

  it("writes a short line on a terminal, the level only where it matters", () => {
    const { log, text } = written({ level: "info", format: "auto" }, true);
    log.info("ready");
    expect(text()).toMatch(/^\d\d:\d\d:\d\d classifier: ready\n$/);
    log.warn("no frames from desk");
    expect(text()).toMatch(/^\d\d:\d\d:\d\d classifier: (\S*\[33m)?warn (\S*\[39m)?no frames from desk\n$/);
  });

  it("keeps what it does not hide on the same line", () => {
    const { log, text } = written({ level: "info", format: "plain" });
    log.child({ service: "relay", id: "pi" }).info({ relay: "lamp" }, "switched on");
    expect(text()).toMatch(/^\d\d:\d\d:\d\d relay: switched on \{"relay":"lamp"\}\n$/);
  });

  it("has written when it returns, and nothing below its level", () => {
    const { log, text } = written({ level: "warn", format: "plain" });
    log.info("not this");
    log.error("this");
    expect(text()).toMatch(/^\S+ classifier: error this\n$/);
  });

  it("takes format before terminal", () => {
    const { log, text } = written({ level: "info", format: "json" }, true);
    log.info("ready");
    expect(JSON.parse(text())).toMatchObject({ msg: "ready" });
  });

  it("lets no control character of a message reach the terminal", () => {
    const { log, text } = written({ level: "info", format: "plain" });
    log.info("a \u001b[2J\u0007b\nc");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(text().trimEnd()).not.toMatch(/[\u0000-\u001f]/);
  });
});
