// Bundles the page: page/ becomes dist/, which the service serves as it is. The set-up runs it, never the service.
//
//   node services/dashboard/build.mjs           when something changed since the last time
//   node services/dashboard/build.mjs --watch   at each change

import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build, context, transform } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");
const page = join(here, "page");
const dist = join(here, "dist");
const record = join(dist, "build.json");

/**
 * zod brings its messages in fifty languages along, 300 kB of them: the page shows its own words.
 *
 * @type {import("esbuild").Plugin}
 */
const withoutLocales = {
  name: "without-locales",
  setup: ({ onLoad }) => onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({ contents: "" })),
};

/**
 * Every word stands in one file, and Live needs its own only: each folder that asks for the words gets a copy, of which
 * what it does not use falls away.
 *
 * @type {import("esbuild").Plugin}
 */
const wordsByView = {
  name: "words-by-view",
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/words\.ts$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path),
      suffix: `?${basename(resolveDir)}`,
    })),
};

/** Folders of the page whose style is needed when it opens. */
const EARLY = ["style", "shell", "live", "roi"];

/**
 * Any other style sheet comes with the script of the view that imports it.
 *
 * @type {import("esbuild").Plugin}
 */
const laterStyles = {
  name: "later-styles",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      if (EARLY.includes(relative(page, dirname(path)))) return undefined;
      const { code } = await transform(readFileSync(path, "utf8"), { loader: "css", minify: true });
      const put =
        "const sheet = new CSSStyleSheet(); sheet.replaceSync(text); document.adoptedStyleSheets.push(sheet);";
      return { contents: `const text = ${JSON.stringify(code.trim())}; ${put}` };
    }),
};

/**
 * Puts what was built in place of what was there. Names with a hash stay the same as long as their content does.
 *
 * @type {import("esbuild").Plugin}
 */
const intoDist = {
  name: "into-dist",
  setup: ({ onEnd }) =>
    onEnd(({ errors, outputFiles = [], metafile }) => {
      if (errors.length > 0 || !metafile) return;
      mkdirSync(dist, { recursive: true });
      // Of what lay there before: who is stopped half-way, or only watches, leaves nothing that is taken for up to date.
      rmSync(record, { force: true });
      // Style that the other views share with Live has come with Live.
      const wanted = outputFiles.filter(({ path }) => !path.endsWith(".css") || basename(path) === "page.css");
      for (const { path, contents } of wanted) writeFileSync(path, contents);
      for (const { path, contents } of wanted) {
        writeFileSync(`${path}.gz`, gzipSync(contents, { level: constants.Z_BEST_COMPRESSION }));
        writeFileSync(`${path}.br`, brotliCompressSync(contents));
      }
      const early = atOnce(metafile).filter((name) => name.endsWith(".js") && name !== "page.js");
      const links = early.map((name) => `<link rel="modulepreload" href="${name}">\n  `).join("  ");
      writeFileSync(
        join(dist, "index.html"),
        readFileSync(join(page, "index.html"), "utf8").replace("</head>", `  ${links}</head>`),
      );
      copyFileSync(join(page, "icon.svg"), join(dist, "icon.svg"));
      const built = wanted.flatMap(({ path }) => ["", ".gz", ".br"].map((suffix) => basename(path) + suffix));
      const kept = new Set([...built, "index.html", "icon.svg"]);
      for (const name of readdirSync(dist)) if (!kept.has(name)) rmSync(join(dist, name));
    }),
};

/** @type {import("esbuild").BuildOptions & { metafile: true }} */
const options = {
  absWorkingDir: root,
  entryPoints: { page: join(page, "main.tsx") },
  outdir: dist,
  chunkNames: "[name]-[hash]",
  write: false,
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  sourcemap: false,
  metafile: true,
  logLevel: "warning",
  plugins: [withoutLocales, wordsByView, laterStyles, intoDist],
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
 * Names of the files that the page cannot begin without.
 *
 * @param {import("esbuild").Metafile} metafile
 */
function atOnce({ outputs }) {
  const folder = relative(root, dist).replaceAll(sep, "/");
  const found = new Set([`${folder}/page.js`]);
  for (const path of found)
    for (const { path: next, kind } of outputs[path]?.imports ?? []) if (kind === "import-statement") found.add(next);
  return [...found, `${folder}/page.css`].map((path) => basename(path));
}

/**
 * Bytes of ours and of libraries in what was written.
 *
 * @param {import("esbuild").Metafile} metafile
 */
function sizes(metafile) {
  const found = { own: 0, libraries: 0, first: 0, firstLibraries: 0 };
  const early = atOnce(metafile);
  for (const [path, { inputs }] of Object.entries(metafile.outputs)) {
    if (!existsSync(join(root, path))) continue;
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const library = file.startsWith("node_modules/");
      found[library ? "libraries" : "own"] += bytesInOutput;
      if (early.includes(basename(path))) found[library ? "firstLibraries" : "first"] += bytesInOutput;
    }
  }
  return found;
}

/**
 * @returns {Promise<{ built: boolean, own: number, libraries: number, first: number, firstLibraries: number }>} bytes of our
 * own script and style, and of libraries; `first` are those that Live needs when the page is opened, the others come later
 */
export async function buildPage() {
  const wanted = fingerprint();
  const last = existsSync(record) ? JSON.parse(readFileSync(record, "utf8")) : undefined;
  if (last?.fingerprint === wanted) return { built: false, ...last.sizes };
  const { metafile } = await build(options);
  const found = sizes(metafile);
  writeFileSync(record, JSON.stringify({ fingerprint: wanted, sizes: found }));
  return { built: true, ...found };
}

if (process.argv[1] && fileURLToPath(import.meta.url) === realpathSync(process.argv[1])) {
  const { built, own, libraries, first, firstLibraries } = await buildPage();
  const kB = (/** @type {number} */ bytes) => `${Math.round(bytes / 1000)} kB`;
  if (built)
    console.log(
      `Set-up: the page is built: ${kB(first)} of script and style to begin with, ${kB(own)} in all; ${kB(firstLibraries)} and ${kB(libraries)} of libraries.`,
    );
  if (process.argv.includes("--watch")) await (await context(options)).watch();
}
