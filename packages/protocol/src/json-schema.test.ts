import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { payloadName, protocolSchema } from "./json-schema.ts";
import { createTopics, FAMILIES } from "./topics.ts";

const committed: unknown = JSON.parse(readFileSync(new URL("../schema.json", import.meta.url), "utf8"));

describe("schema.json", () => {
  it("is what `npm run schema -w @beckon/protocol` writes", () => {
    expect(committed).toEqual(JSON.parse(JSON.stringify(protocolSchema())));
  });

  it("refers to nothing that it does not hold", () => {
    const references = [...JSON.stringify(committed).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path ?? "");
    expect(references.length).toBeGreaterThan(FAMILIES.length - 2);
    for (const reference of references) {
      const found = reference.split("/").reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], committed);
      expect(found, reference).toBeTypeOf("object");
    }
  });

  it("has every topic", () => {
    expect(Object.keys(protocolSchema().topics)).toEqual(FAMILIES);
  });
});

describe("payloadName", () => {
  it("names what travels on a topic", () => {
    const topics = createTopics();
    expect(
      [topics.frame, topics.relaySet, topics.serviceConfig].map(({ codec }) => payloadName(codec as never)),
    ).toEqual(["JPEG", "RelayCommand", "Settings"]);
  });
});
