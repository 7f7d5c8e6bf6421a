import { expect, test } from "vitest";
import { openBroker } from "./open-broker.ts";

test.each(["mqtt://192.168.1.5:1883", "ws://broker.lan:9001"])("%s without a user lets anyone in", (url) => {
  expect(openBroker({ url })).toBe(new URL(url).hostname);
});

test.each(["mqtt://127.0.0.1:1883", "mqtt://localhost", "mqtt://[::1]:1883", "mqtt://127.3.2.1"])(
  "%s may be open to this machine alone",
  (url) => {
    expect(openBroker({ url })).toBeUndefined();
  },
);

test("a user or a certificate is asked for, so not anyone is let in", () => {
  expect(openBroker({ url: "mqtt://me:secret@192.168.1.5" })).toBeUndefined();
  expect(openBroker({ url: "mqtt://192.168.1.5", username: "me" })).toBeUndefined();
  expect(openBroker({ url: "mqtts://192.168.1.5", tls: { cert: Buffer.from("PEM") } })).toBeUndefined();
});
