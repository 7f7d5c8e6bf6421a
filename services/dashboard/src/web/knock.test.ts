import { createServer } from "node:net";
import { Duplex } from "node:stream";
import { dialBroker } from "@beckon/runtime";
import { startAedes } from "@beckon/runtime/testing";
import { describe, expect, it } from "vitest";
import { ASKING } from "../testing/open-dashboard.ts";
import { knock } from "./knock.ts";

describe("knocking at a broker", () => {
  it("tells one that lets in everybody from one that asks", async () => {
    const [open, asking] = [await startAedes(), await startAedes(ASKING)];
    expect(await knock(() => dialBroker({ url: open.url }))).toBe("open");
    expect(await knock(() => dialBroker({ url: asking.url }))).toBe("asks");
    await Promise.all([open.stop(), asking.stop()]);
  });

  it("takes what does not answer, or not as a broker does, for away", async () => {
    const broker = await startAedes();
    await broker.stop();
    expect(await knock(() => dialBroker({ url: broker.url }))).toBe("away");
    for (const said of ["", "HTTP/1.1 400 Bad Request\r\n\r\n"]) {
      const server = createServer((socket) => socket.on("error", () => {}).write(said));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as { port: number };
      expect(await knock(() => dialBroker({ url: `mqtt://127.0.0.1:${port}` }), 200)).toBe("away");
      server.close();
    }
  });

  it("leaves no connection behind to a machine that is off", async () => {
    // As a socket that is connecting: what is written to it waits.
    const connecting = new Duplex({ read: () => {}, write: () => {} });
    expect(await knock(() => connecting, 50)).toBe("away");
    expect(connecting.destroyed).toBe(true);
  });
});
