import { Name, Roi } from "@beckon/protocol";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ConfigError } from "./config-error.ts";
import { changeable, secret } from "./marks.ts";
import { applySettings, hasChangeable, publicConfig } from "./settings.ts";

const schema = z.object({
  maxAge: changeable(z.number().min(0)).default(1000),
  engine: z.string().default("auto"),
  smoothing: changeable(z.object({ window: z.number().int().default(5), weight: z.number().default(1) })).prefault({}),
  cameras: z.record(Name, z.object({ roi: changeable(Roi).optional(), url: z.string().default("") })).default({}),
  password: secret(z.string()).optional(),
  hooks: z.array(z.object({ url: z.string(), token: secret(z.string()) })).default([]),
});

const config = schema.parse({
  cameras: { desk: { roi: [0, 0, 1, 1], url: "rtsp://user:hush@camera/1" } },
  password: "hush",
  hooks: [{ url: "http://plug/", token: "hush" }],
});

function refusal(patch: Parameters<typeof applySettings>[2]): string {
  try {
    applySettings(schema, config, patch);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "";
}

describe("applySettings", () => {
  it("changes what is changeable, in whatever wrapper or section of a name, and nothing else", () => {
    const next = applySettings(schema, config, { maxAge: 5, cameras: { desk: { roi: [0.1, 0.1, 0.5, 0.5] } } });
    expect(next).toEqual({
      ...config,
      maxAge: 5,
      cameras: { desk: { roi: [0.1, 0.1, 0.5, 0.5], url: "rtsp://user:hush@camera/1" } },
    });
    expect(config.maxAge, "what runs is left alone").toBe(1000);
  });

  it("merges into a section that is changeable as a whole", () => {
    expect(applySettings(schema, config, { smoothing: { window: 9 } }).smoothing).toEqual({ window: 9, weight: 1 });
  });

  it("gives a field its default again with null", () => {
    const changed = applySettings(schema, config, { maxAge: 5, smoothing: { weight: 3 } });
    expect(applySettings(schema, changed, { maxAge: null, smoothing: null })).toMatchObject({
      maxAge: 1000,
      smoothing: { window: 5, weight: 1 },
    });
    expect(applySettings(schema, changed, { cameras: { desk: { roi: null } } }).cameras["desk"]?.roi).toBeUndefined();
  });

  it.each<[patch: Parameters<typeof applySettings>[2], reason: string]>([
    [{ engine: "wasm" }, "engine cannot change while the service runs; maxAge, smoothing and cameras can"],
    [{ password: "x" }, "password cannot change while the service runs; maxAge, smoothing and cameras can"],
    [{ cameras: { desk: { url: "http://x" } } }, "cameras.desk.url cannot change while the service runs; roi can"],
    [{ cameras: null }, "cameras cannot change while the service runs; maxAge, smoothing and cameras can"],
    [{ cameras: { desk: null } }, "cameras.desk cannot change while the service runs"],
    [{ cameras: { door: { roi: null } } }, "cameras.door is no setting; there are desk"],
    [{ maxage: 5 }, "maxage is no setting; did you mean maxAge?"],
    [{ maxAge: -5 }, "maxAge is -5, but must be a number from 0"],
    [{ smoothing: { windw: 5 } }, "smoothing.windw is no setting; did you mean window?"],
    [{ maxAge: 5, engine: "wasm" }, "engine cannot change while the service runs; maxAge, smoothing and cameras can"],
    [
      { ["__proto__"]: { maxAge: 5 } },
      "__proto__ is no setting; there are maxAge, engine, smoothing, cameras, password and hooks",
    ],
    [JSON.parse('{"cameras":{"__proto__":{"roi":null}}}'), "cameras.__proto__ is no setting; there are desk"],
  ])("refuses %j: %s", (patch, reason) => {
    expect(refusal(patch)).toBe(reason);
  });
});

describe("hasChangeable", () => {
  it("finds a mark however deep, and none where there is none", () => {
    expect(
      hasChangeable(z.object({ a: z.record(Name, z.array(z.object({ b: changeable(z.number()).optional() }))) })),
    ).toBe(true);
    expect(hasChangeable(z.object({ a: z.number(), roi: Roi }))).toBe(false);
  });

  it("survives a schema that holds itself", () => {
    const Tree: z.ZodType = z.object({
      get inner() {
        return z.array(Tree);
      },
    });
    expect(hasChangeable(Tree)).toBe(false);
  });
});

describe("publicConfig", () => {
  it("shows all but the secrets and the credentials of URLs", () => {
    const shown = publicConfig(schema, config);
    expect(JSON.stringify(shown)).not.toContain("hush");
    expect(shown).toMatchObject({
      maxAge: 1000,
      cameras: { desk: { url: "rtsp://camera/1" } },
      hooks: [{ url: "http://plug/" }],
    });
  });
});

describe("changeable", () => {
  it("leaves the schema that it was given unmarked", () => {
    changeable(Roi);
    expect(hasChangeable(z.object({ roi: Roi }))).toBe(false);
  });

  it("is found through a refinement that comes after it", () => {
    expect(hasChangeable(z.object({ a: changeable(z.number()).min(3).default(5) }))).toBe(true);
  });
});
