import { expect, it } from "vitest";
import { distrust, refusal, refusesVersion } from "./broker-refusal.ts";

const asked = { broker: "mqtt://host", clientId: "beckon-relay-desk", username: "me" };

it.each([0x04, 0x05, 0x86, 0x87, 0x8a, 0x8c])("gives up on code %i, a refused user", (code) => {
  expect(refusal(code, asked)?.message).toContain('refuses the user "me" or its password');
  expect(refusal(code, { ...asked, username: undefined })?.message).toContain("refuses connections without a user");
});

it.each([0x02, 0x85])("gives up on code %i, a refused client id", (code) => {
  expect(refusal(code, asked)?.message).toContain('refuses the client id "beckon-relay-desk"');
});

it.each([0x01, 0x84])("takes code %i for a version that it does not speak", (code) => {
  expect(refusesVersion(code)).toBe(true);
  expect(refusal(code, asked)?.message).toContain("speaks neither MQTT 5 nor 3.1.1");
});

it.each([0x03, 0x88, 0x89, 0x97, 0x9f])("tries again after code %i, a broker that is busy", (code) => {
  expect(refusal(code, asked)).toBeUndefined();
});

it("gives up on a certificate that will not be better tomorrow, and only on that", () => {
  for (const code of ["SELF_SIGNED_CERT_IN_CHAIN", "ERR_TLS_CERT_ALTNAME_INVALID", "CERT_HAS_EXPIRED"])
    expect(distrust(code, asked)?.message).toMatch(/^the certificate of the broker at mqtt:\/\/host .*: /);
  for (const code of ["CERT_NOT_YET_VALID", "ECONNREFUSED", undefined]) expect(distrust(code, asked)).toBeUndefined();
});
