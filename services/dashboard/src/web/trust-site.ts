import { Hono } from "hono";
import { type Asset, type Assets, answerAsset, createAsset } from "./assets.ts";
import type { Site } from "./front-desk.ts";
import { showAsset } from "./page-site.ts";

/** The authority that a browser is to trust, so that the page gets the camera and nobody listens. */
export interface TrustFacts {
  /** The certificate in DER. */
  readonly der: Uint8Array;
  /** SHA-256 in hex pairs, which people compare. */
  readonly fingerprint: string;
  /** What the certificate is called in the lists of a system. */
  readonly name: string;
}

const AUTHORITY_PATH = "/beckon-ca.crt";
const TRUST_PATH = "/trust";
const STYLE_PATH = "/trust.css";

interface System {
  readonly name: string;
  readonly steps: readonly string[];
}

/** Words for people, in one place. */
const SYSTEMS = (name: string): readonly System[] => [
  {
    name: "iPhone, iPad",
    steps: [
      "Open this page in Safari, tap the link above and allow the profile.",
      "Settings, Profile Downloaded (or General, VPN & Device Management): install it.",
      `Settings, General, About, Certificate Trust Settings: switch on “${name}”.`,
    ],
  },
  {
    name: "Android",
    steps: [
      "Tap the link above and keep the file.",
      "Settings, Security & privacy, More, Encryption & credentials, Install a certificate, CA certificate: choose the file.",
      "Chrome uses it at once; Firefox asks for it in Settings, About, tap the logo five times, Secret settings, Use third party CA certificates.",
    ],
  },
  {
    name: "Windows",
    steps: [
      "Open the file from the link above and choose Install Certificate, Current User.",
      "Place it in “Trusted Root Certification Authorities”, and restart the browser.",
    ],
  },
  {
    name: "macOS",
    steps: [
      "Open the file from the link above; Keychain Access adds it to “login”.",
      `Double-click “${name}” there, Trust, When using this certificate: Always Trust.`,
    ],
  },
  {
    name: "Linux, and Firefox anywhere",
    steps: [
      "Firefox: Settings, Privacy & Security, View Certificates, Authorities, Import, and tick websites.",
      "Chrome and Chromium: chrome://certificate-manager, Custom, Trusted Certificates, Import.",
      "For all programs on Debian: copy the file to /usr/local/share/ca-certificates/ and run sudo update-ca-certificates.",
    ],
  },
];

/** The colours of page/style/page.css, where each is explained. */
const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif;
--ground:light-dark(#f3f6f3,#0f1412);--ink:light-dark(#14201b,#e8efeb);--edge:light-dark(#78867f,#7b8a83);
--accent:light-dark(#0b6b5d,#5fd0bb);--on-accent:light-dark(#ffffff,#06231e)}
body{margin:0 auto;max-width:42rem;padding:1.5rem 1rem 3rem;color:var(--ink);background:var(--ground)}
h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.1rem;margin:1.5rem 0 .25rem}ol{margin:0;padding-left:1.5rem}
.go{display:inline-block;margin:.25rem .5rem .25rem 0;padding:.7rem 1.1rem;border-radius:14px;background:var(--accent);color:var(--on-accent);text-decoration:none;font-weight:600}
.go.second{background:none;color:inherit;outline:2px solid var(--edge);outline-offset:-2px}
code{overflow-wrap:anywhere;font-size:.9rem}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.go.second:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
`;

/**
 * How to trust the certificate, and the certificate itself. The key of the authority is nowhere near.
 *
 * @param facts of the authority; undefined where the certificate is the user's own, whose authority we do not know
 * @param secureUrl of the page over HTTPS, by the host that a request asked for
 */
export function createTrustSite(facts: () => TrustFacts | undefined, secureUrl: (host: string) => string): Site {
  const style = createAsset(STYLE_PATH, Buffer.from(STYLE));
  const site: Site = new Hono();
  site.get(TRUST_PATH, (context) => {
    context.header("cache-control", "no-store");
    const authority = facts();
    const page = secureUrl(context.req.header("host") ?? "");
    return context.html(authority ? trustPage(authority, page) : ownCertificatePage(page));
  });
  site.get(STYLE_PATH, (context) => answerAsset(style, context.req.raw.headers));
  site.get(AUTHORITY_PATH, (context, next) => {
    const authority = facts();
    if (!authority) return next();
    context.header("cache-control", "no-cache");
    context.header("content-type", "application/x-x509-ca-cert");
    context.header("content-disposition", 'attachment; filename="beckon-ca.crt"');
    return context.body(new Uint8Array(authority.der));
  });
  return site;
}

/**
 * What plain HTTP shows to other machines, for it carries passwords and pictures in the clear, and gives no camera: how to
 * trust the certificate, where it is ours, and the way to the page.
 */
export function createDoormat(trust: Site | undefined, assets: Assets, secureUrl: (host: string) => string): Site {
  const site: Site = new Hono();
  const icon: Asset | undefined = assets.get("/icon.svg");
  if (trust) {
    site.get("/", (context) => trust.fetch(new Request(new URL(TRUST_PATH, context.req.url), context.req.raw)));
    site.route("/", trust);
  }
  site.get("/icon.svg", (context) => showAsset(context, icon));
  site.get("*", (context) => {
    const { pathname, search } = new URL(context.req.url);
    context.header("cache-control", "no-store");
    // The host was judged, and the path begins with a slash: this leads nowhere else.
    return context.redirect(`${secureUrl(context.req.header("host") ?? "")}${pathname.slice(1)}${search}`, 307);
  });
  site.all("*", (context) => context.text("This is answered over HTTPS only.\n", 403, { connection: "close" }));
  return site;
}

function trustPage({ fingerprint, name }: TrustFacts, secureUrl: string): string {
  const systems = SYSTEMS(name).map(
    (system) => `<h2>${escaped(system.name)}</h2>
<ol>${system.steps.map((step) => `<li>${escaped(step)}</li>`).join("")}</ol>`,
  );
  return htmlPage(
    "Trust this Beckon",
    `<h1>One step before the page opens here</h1>
<p>A browser gives its camera, and keeps passwords from listeners, only over HTTPS. Beckon runs in your home and not on the
internet, so it vouches for itself: tell this device once to trust it.</p>
<p><a class="go" href="${AUTHORITY_PATH}" download>Get the certificate</a>
<a class="go second" href="${escaped(secureUrl)}">Open the page</a></p>
<p>It can vouch for names and addresses at home only, never for sites on the internet. Before you trust it, compare its
SHA-256 with the one in Beckon's log:<br><code>${escaped(fingerprint)}</code></p>
${systems.join("\n")}`,
  );
}

function ownCertificatePage(secureUrl: string): string {
  return htmlPage(
    "The certificate of this Beckon",
    `<h1>This Beckon has a certificate of its owner</h1>
<p>A browser gives its camera, and keeps passwords from listeners, only over HTTPS. The certificate here was not made by
Beckon but by whoever set it up, and most devices trust such a one by themselves.</p>
<p><a class="go" href="${escaped(secureUrl)}">Open the page</a></p>
<p>If the browser warns nevertheless, open the page under the name that the certificate is for, or ask whoever set it up
what your device must trust.</p>`,
  );
}

/** @param main markup in which everything that we did not write ourselves is escaped */
function htmlPage(title: string, main: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="${STYLE_PATH}">
</head>
<body>
<main>
${main}
</main>
</body>
</html>
`;
}

/** As text between tags and in double quotes. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
