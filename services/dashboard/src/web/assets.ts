import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { ServiceFailure } from "@beckon/runtime";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};
/** Names that esbuild makes of their content: another content has another name. */
const HASHED = /-[0-9A-Z]{8}\.js$/;

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

type Encoding = "identity" | keyof Encoded;

/** A file as it is sent to browsers that take it compressed. */
interface Encoded {
  readonly gzip?: Uint8Array;
  readonly br?: Uint8Array;
}

/** By the path that they are asked for under: `/page.js`. A request never becomes a path of a file. */
export type Assets = ReadonlyMap<string, Asset>;

/**
 * Reads what the set-up has built, once.
 *
 * @throws {ServiceFailure} when it is not there
 */
export async function loadAssets(folder: string): Promise<Assets> {
  const names = await readdir(folder).catch((): string[] => []);
  const known = names.filter((name) => TYPES[extname(name)] !== undefined);
  if (!known.includes("index.html") || !known.includes("page.js"))
    throw new ServiceFailure(`the page is not built: ${folder} has no index.html and page.js; run npm run setup`);
  const assets = new Map<string, Asset>();
  for (const name of known) {
    const read = (suffix: string): Promise<Buffer> => readFile(join(folder, name + suffix));
    // What the set-up has written beside it: compressing here would cost 20 MB of memory that never come back.
    const encoded: Encoded = {
      ...(names.includes(`${name}.gz`) && { gzip: await read(".gz") }),
      ...(names.includes(`${name}.br`) && { br: await read(".br") }),
    };
    assets.set(`/${name}`, createAsset(name, await read(""), encoded));
  }
  const index = assets.get("/index.html");
  if (index) assets.set("/", index);
  return assets;
}

/**
 * @param name whose extension tells the type
 * @param encoded the same content, compressed
 */
export function createAsset(name: string, content: Uint8Array, encoded: Encoded = {}): Asset {
  const identity = new Uint8Array(content);
  const etag = `"${createHash("sha256").update(identity).digest("base64url").slice(0, 22)}"`;
  const type = TYPES[extname(name)] ?? "application/octet-stream";
  // Where the name stays and the content changes with each version, a browser asks, and hears that nothing did.
  const caching = HASHED.test(name) ? "public, max-age=31536000, immutable" : "no-cache";
  const { gzip, br } = encoded;
  return {
    ...{ type, caching, etag },
    bodies: { identity, ...(gzip && { gzip: new Uint8Array(gzip) }), ...(br && { br: new Uint8Array(br) }) },
  };
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
