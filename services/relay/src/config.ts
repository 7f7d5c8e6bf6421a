import { Name } from "@beckon/protocol";
import { didYouMean } from "@beckon/protocol/did-you-mean";
import { secret } from "@beckon/runtime";
import { z } from "zod";

const DAY = 86_400_000;

/** A time in ms; anything below 100 was surely meant in seconds. */
const Duration = z
  .number()
  .min(100, "is in ms, 100 at least")
  .max(7 * DAY);

/** Levels of a foreign topic: no wildcards, no empty levels, none of the broker's own `$` topics. */
const TopicLevels = z
  .string()
  .max(128)
  .regex(/^(?!\$)[^+#/\p{C}]+(\/[^+#/\p{C}]+)*$/u, "must be a topic without + # and empty levels, not begin with $");

const WebAddress = z.url({ protocol: /^https?$/ }).max(2048);

/** One relay's hardware. `kind` says which; each kind has its file in `drivers/`. */
export const DriverConfig = z.discriminatedUnion("kind", [
  /** Nothing but a line in the log. */
  z.object({ kind: z.literal("simulated") }),
  /** A pin by the sysfs of the kernel, through the package onoff. */
  z.object({
    kind: z.literal("onoff"),
    /** BCM number, as in GPIO17; its sysfs number is found by itself. */
    pin: z.number().int().min(0).max(63),
    /** Added to `pin` in place of what is found. */
    base: z.number().int().min(0).max(4096).optional(),
  }),
  /** A pin by gpioset of the Debian package gpiod, for kernels without sysfs. */
  z.object({
    kind: z.literal("gpiod"),
    /** BCM number. */
    pin: z.number().int().min(0).max(63),
    /** Left out: the one that the Pi's header is on. */
    chip: z
      .string()
      .regex(/^gpiochip[0-9]{1,2}$/, "must be as in gpiochip0")
      .optional(),
  }),
  /** A plug that listens on the same broker. */
  z.object({
    kind: z.literal("mqtt"),
    plug: z.enum(["tasmota", "shelly-gen1", "shelly-gen2", "zigbee2mqtt"]),
    /** As the plug calls itself in its topics. */
    name: TopicLevels,
    /** Of a plug with several relays, from 1. */
    channel: z.number().int().min(1).max(8).default(1),
    /** First level of zigbee2mqtt's topics. */
    base: TopicLevels.default("zigbee2mqtt"),
  }),
  /** An address that each switch is posted to. It may hold a token, so it is shown to nobody. */
  z.object({ kind: z.literal("webhook"), url: secret(WebAddress) }),
]);
export type DriverConfig = z.infer<typeof DriverConfig>;

/** One relay. */
export const RelaySettings = z
  .object({
    driver: DriverConfig,
    /** The relay board switches on when its pin is low. */
    activeLow: z.boolean().default(false),
    /** Off at the latest after so long, whatever happens. */
    maxOn: Duration.optional(),
    /** It stays off for so long before it may switch on again. */
    minOff: z.number().min(0).max(DAY).default(500),
    /** Without its source: `off`, or `hold`, which leaves it to `maxOn`. */
    failSafe: z.enum(["off", "hold"]).default("off"),
    /** A source that is silent for so long is lost. */
    sourceTimeout: Duration.default(2000),
    /** What is older is not obeyed. */
    maxAge: Duration.default(1000),
    /** How far the clock of who sends a command may be off; gestures need none, their clocks are learnt. */
    clockTolerance: z.number().min(0).max(60_000).default(1000),
  })
  .refine(({ failSafe, maxOn }) => failSafe === "off" || maxOn !== undefined, {
    path: ["maxOn"],
    message: "is needed with failSafe: hold, so that the relay cannot stay on for ever",
  })
  .refine(({ activeLow, driver }) => !activeLow || driver.kind === "onoff" || driver.kind === "gpiod", {
    path: ["activeLow"],
    message: "is for pins (onoff, gpiod) only",
  });
export type RelaySettings = z.infer<typeof RelaySettings>;

const Trigger = z
  .object({
    /** Left out: any. */
    camera: Name.optional(),
    /** Left out: any for a gesture, `letters` for a word. */
    model: Name.optional(),
    gesture: z.string().min(1).max(64).optional(),
    /** A spelled word; it counts when the rest after it has ended it. */
    word: z
      .string()
      .regex(/^\S{1,64}$/, "must be one word")
      .transform((word) => word.toUpperCase())
      .optional(),
  })
  .refine(({ gesture, word }) => (gesture === undefined) !== (word === undefined), {
    message: "must name either a gesture or a word",
  });

/** What switches which relay. */
export const Rule = z
  .object({
    when: Trigger,
    relay: Name,
    /** `pulse`: on for `for`; `hold`: on while the gesture is held. */
    do: z.enum(["on", "off", "toggle", "pulse", "hold"]),
    /** On for so long, ms; 500 for a pulse unless given. */
    for: Duration.optional(),
  })
  .refine((rule) => rule.do !== "hold" || rule.when.gesture !== undefined, {
    path: ["do"],
    message: "hold is for gestures: a word has no end",
  })
  .refine((rule) => rule.do !== "off" || rule.for === undefined, {
    path: ["for"],
    message: "is for what switches on",
  });
export type Rule = z.infer<typeof Rule>;

/** The section `relay` of beckon.yaml. Nothing in it is changeable by `/set`: a relay obeys its own file alone. */
export const RelayConfig = z
  .object({
    relays: z.record(Name, RelaySettings).default({}),
    /** For each relay the first that fits counts. */
    rules: z.array(Rule).max(256).default([]),
  })
  .superRefine(({ relays, rules }, context) => {
    for (const [index, { relay }] of rules.entries())
      if (!(relay in relays))
        context.addIssue({
          code: "custom",
          path: ["rules", index, "relay"],
          message: `no relay of this file has that name${didYouMean(relay, Object.keys(relays))}`,
        });
  });
export type RelayConfig = z.infer<typeof RelayConfig>;
