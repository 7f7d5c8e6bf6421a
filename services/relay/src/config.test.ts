import { expect, test } from "vitest";
import { RelayConfig } from "./config.ts";

const lamp = (more: object = {}) => ({ relays: { lamp: { driver: { kind: "simulated" }, ...more } } });

test("nothing is switched by default", () => {
  expect(RelayConfig.parse({})).toEqual({ relays: {}, rules: [] });
});

test("the defaults of a relay are safe", () => {
  expect(RelayConfig.parse(lamp()).relays["lamp"]).toEqual({
    driver: { kind: "simulated" },
    activeLow: false,
    minOff: 500,
    failSafe: "off",
    sourceTimeout: 2000,
    maxAge: 1000,
    clockTolerance: 1000,
  });
});

const rule = (more: object) => ({ ...lamp(), rules: [{ when: { gesture: "A" }, relay: "lamp", do: "on", ...more }] });

test.each<[string, object, string, RegExp]>([
  ["hold without a maximum on time", lamp({ failSafe: "hold" }), "relays.lamp.maxOn", /for ever/],
  ["active-low without a pin", lamp({ activeLow: true }), "relays.lamp.activeLow", /pins/],
  ["a time in seconds", lamp({ maxOn: 30 }), "relays.lamp.maxOn", /in ms/],
  ["a driver that is none", lamp({ driver: { kind: "gpio" } }), "relays.lamp.driver.kind", /./],
  [
    "a wildcard in a plug's name",
    lamp({ driver: { kind: "mqtt", plug: "tasmota", name: "a/+" } }),
    "relays.lamp.driver.name",
    /topic/,
  ],
  [
    "a topic of the broker's own",
    lamp({ driver: { kind: "mqtt", plug: "zigbee2mqtt", name: "a", base: "$SYS" } }),
    "relays.lamp.driver.base",
    /topic/,
  ],
  [
    "a chip that is a path",
    lamp({ driver: { kind: "gpiod", pin: 1, chip: "/dev/x" } }),
    "relays.lamp.driver.chip",
    /gpiochip0/,
  ],
  [
    "an address that is no web address",
    lamp({ driver: { kind: "webhook", url: "file:///etc/passwd" } }),
    "relays.lamp.driver.url",
    /./,
  ],
  [
    "a relay's name that topics use themselves",
    { relays: { state: { driver: { kind: "simulated" } } } },
    "relays.state",
    /./,
  ],
  ["a rule for a relay that there is not", rule({ relay: "lamb" }), "rules.0.relay", /did you mean lamp/],
  ["a rule for both a gesture and a word", rule({ when: { gesture: "A", word: "ON" } }), "rules.0.when", /either/],
  ["a rule for nothing", rule({ when: { camera: "desk" } }), "rules.0.when", /either/],
  ["a rule that holds by a word", rule({ when: { word: "ON" }, do: "hold" }), "rules.0.do", /no end/],
  ["off for a while", rule({ do: "off", for: 1000 }), "rules.0.for", /switches on/],
])("%s is refused", (_, config, path, message) => {
  const { error } = RelayConfig.safeParse(config);
  expect(error?.issues.map((issue) => issue.path.join("."))).toEqual([path]);
  expect(error?.issues[0]?.message).toMatch(message);
});

test("words are compared in capitals, as they are spelled", () => {
  expect(RelayConfig.parse(rule({ when: { word: "light" } })).rules[0]?.when.word).toBe("LIGHT");
});
