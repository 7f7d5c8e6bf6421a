import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { ServiceFailure } from "@beckon/runtime";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};
/** Below it a header costs more than it saves. */
const WORTH_COMPRESSING_BYTES = 1024;
/** Names that esbuild makes of their content: another content has another name. */
const HASHED = /-[0-9A-Z]{8}\.js$/;
/** Beyond it brotli takes seconds on a Pi for some percent. */
const BROTLI_QUALITY = 7;

/** A file of the page, in every encoding that it is sent in. */
export interface Asset {
  readonly type: string;
  /** For `Cache-Control`. */
  readonly caching: string;
  /** Of its content, so that it need not be sent again. */
  readonly etag: string;
  readonly bodies: Readonly<Partial<Record<Encoding, Uint8Array<ArrayBuffer>>>> & {
    readonly identity: Uint8Array<ArrayBuffer>;
  };
}

type Encoding = "identity" | "gzip" | "br";

/** By the path that they are asked for under: `/page.js`. A request never becomes a path of a file. */
export type Assets = ReadonlyMap<string, Asset>;

/**
 * Reads what the set-up has built, once.
 *
 * @throws {ServiceFailure} when it is not there
 */
export async function loadAssets(folder: string): Promise<Assets> {
  const names = await readdir(folder).catch(() => []);
  const known = names.filter((name) => TYPES[extname(name)] !== undefined);
  if (!known.includes("index.html") || !known.includes("page.js"))
    throw new ServiceFailure(`the page is not built: ${folder} has no index.html and page.js; run npm run setup`);
  const assets = new Map<string, Asset>();
  for (const name of known) assets.set(`/${name}`, await createAsset(name, await readFile(join(folder, name))));
  const index = assets.get("/index.html");
  if (index) assets.set("/", index);
  return assets;
}

/** @param name whose extension tells the type */
export async function createAsset(name: string, content: Uint8Array): Promise<Asset> {
  const identity = new Uint8Array(content);
  const etag = `"${createHash("sha256").update(identity).digest("base64url").slice(0, 22)}"`;
  const type = TYPES[extname(name)] ?? "application/octet-stream";
  // Where the name stays and the content changes with each version, a browser asks, and hears that nothing did.
  const caching = HASHED.test(name) ? "public, max-age=31536000, immutable" : "no-cache";
  if (identity.length < WORTH_COMPRESSING_BYTES) return { type, caching, etag, bodies: { identity } };
  const [zipped, brotli] = await Promise.all([
    promisify(gzip)(identity),
    promisify(brotliCompress)(identity, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
  ]);
  return { type, caching, etag, bodies: { identity, gzip: new Uint8Array(zipped), br: new Uint8Array(brotli) } };
}

/** @param headers of a GET or HEAD */
export function answerAsset({ type, caching, etag, bodies }: Asset, headers: Headers): Response {
  const about = {
    etag,
    "cache-control": caching,
    vary: "accept-encoding",
  };
  if (isKnown(headers.get("if-none-match"), etag)) return new Response(null, { status: 304, headers: about });
  const encoding = bestEncoding(headers.get("accept-encoding") ?? "", bodies);
  return new Response(bodies[encoding] ?? bodies.identity, {
    headers: {
      ...about,
      "content-type": type,
      ...(encoding === "identity" ? {} : { "content-encoding": encoding }),
    },
  });
}

function isKnown(ifNoneMatch: string | null, etag: string): boolean {
  const known = (ifNoneMatch ?? "").split(",").map((one) => one.trim().replace(/^W\//, ""));
  return known.includes(etag) || known.includes("*");
}

function bestEncoding(accepted: string, bodies: Asset["bodies"]): Encoding {
  const wanted = accepted
    .toLowerCase()
    .split(",")
    .map((one) => one.trim())
    .filter((one) => !/;\s*q=0(\.0+)?$/.test(one))
    .map((one) => one.split(";")[0]);
  const encodings = ["br", "gzip"] as const;
  return encodings.find((encoding) => bodies[encoding] && wanted.includes(encoding)) ?? "identity";
}
