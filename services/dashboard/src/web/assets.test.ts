import { brotliCompressSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { answerAsset, createAsset } from "./assets.ts";

describe("a file of the page", () => {
  const content = Buffer.from("a page ".repeat(1000));
  const asset = createAsset("page.js", content, { gzip: gzipSync(content), br: brotliCompressSync(content) });
  const encoding = (accepted: string, of = asset): string | null =>
    answerAsset(of, new Headers({ "accept-encoding": accepted })).headers.get("content-encoding");

  it.each([
    ["gzip, deflate, br, zstd", "br"],
    ["GZIP", "gzip"],
    ["br;q=0, gzip;q=0.5", "gzip"],
    ["br;q=0.0", null],
    ["identity", null],
    ["*", null],
    ["", null],
  ])("is sent to who accepts %j as %s", (accepted, sent) => {
    expect(encoding(accepted)).toBe(sent);
  });

  it("is sent as it is where nobody compressed it", () => {
    expect(encoding("br", createAsset("icon.svg", Buffer.from("<svg/>")))).toBeNull();
  });

  it.each([
    ["the tag of now", (etag: string) => etag, 304],
    ["one of several, made weak by a proxy", (etag: string) => `"x", W/${etag}`, 304],
    ["the tag of another version", () => '"x"', 200],
  ])("answers %s", (_what, known, status) => {
    expect(answerAsset(asset, new Headers({ "if-none-match": known(asset.etag) })).status).toBe(status);
  });

  it.each([
    ["chunk-CAEYZP7T.js", "public, max-age=31536000, immutable"],
    ["page.js", "no-cache"],
    ["page-settings.js", "no-cache"],
    ["index.html", "no-cache"],
  ])("named %s is kept by browsers as %s", (name, kept) => {
    expect(answerAsset(createAsset(name, asset.bodies.identity), new Headers()).headers.get("cache-control")).toBe(
      kept,
    );
  });

  it("has another tag when it is another", () => {
    expect(createAsset("page.js", Buffer.from("a page")).etag).not.toBe(asset.etag);
  });
});
