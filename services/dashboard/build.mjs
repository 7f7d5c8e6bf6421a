// Bundles the page: page/ becomes dist/, which the service serves as it is. The set-up runs it, never the service.
//
//   node services/dashboard/build.mjs           when something changed since the last time
//   node services/dashboard/build.mjs --watch   at each change

import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build, context } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");
const page = join(here, "page");
const dist = join(here, "dist");
const record = join(dist, "build.json");
const copied = ["index.html", "icon.svg"];

/**
 * zod brings its messages in fifty languages along, 300 kB of them: the page shows its own words.
 *
 * @type {import("esbuild").Plugin}
 */
const withoutLocales = {
  name: "without-locales",
  setup: ({ onLoad }) => onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({ contents: "" })),
};

/** @type {import("esbuild").BuildOptions & { metafile: true }} */
const options = {
  absWorkingDir: root,
  entryPoints: { page: join(page, "main.tsx") },
  outdir: dist,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  sourcemap: false,
  metafile: true,
  logLevel: "warning",
  plugins: [withoutLocales],
  // mqtt.js brings what it needs of Node along.
  platform: "browser",
};

/** What the bundle is made of; a change of any of it makes another one. */
function fingerprint() {
  const hash = createHash("sha256");
  const folders = [page, join(here, "src"), join(root, "packages/protocol/src")];
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  for (const file of [...files, join(root, "package-lock.json"), join(here, "build.mjs")].sort())
    hash.update(relative(root, file).replaceAll(sep, "/")).update("\0").update(readFileSync(file)).update("\0");
  return hash.digest("hex");
}

/**
 * Bytes of ours and of libraries in what esbuild wrote.
 *
 * @param {import("esbuild").Metafile} metafile
 */
function sizes({ outputs }) {
  const found = { own: 0, libraries: 0 };
  for (const { inputs } of Object.values(outputs))
    for (const [file, { bytesInOutput }] of Object.entries(inputs))
      found[file.startsWith("node_modules/") ? "libraries" : "own"] += bytesInOutput;
  return found;
}

/** @returns {Promise<{ built: boolean, own: number, libraries: number }>} bytes of our own script and style, and of libraries */
export async function buildPage() {
  const wanted = fingerprint();
  const last = existsSync(record) ? JSON.parse(readFileSync(record, "utf8")) : undefined;
  if (last?.fingerprint === wanted) return { built: false, ...last.sizes };
  const { metafile } = await build(options);
  for (const name of copied) copyFileSync(join(page, name), join(dist, name));
  const found = sizes(metafile);
  mkdirSync(dist, { recursive: true });
  writeFileSync(record, JSON.stringify({ fingerprint: wanted, sizes: found }));
  return { built: true, ...found };
}

if (process.argv[1] && fileURLToPath(import.meta.url) === realpathSync(process.argv[1])) {
  const { built, own, libraries } = await buildPage();
  if (built)
    console.log(
      `Set-up: the page is built: ${Math.round(own / 1000)} kB of script and style, ${Math.round(libraries / 1000)} kB of libraries.`,
    );
  if (process.argv.includes("--watch")) await (await context(options)).watch();
}
