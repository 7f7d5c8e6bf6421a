import { COLOURS } from "./markup.ts";

const names = Object.keys(COLOURS) as (keyof typeof COLOURS)[];
const variables = (scheme: "light" | "dark") => names.map((name) => `--${name}:${COLOURS[name][scheme]}`).join(";");

/** The style sheet of the report: light and dark, narrow and wide, screen and paper. */
export const STYLE = `
:root { color-scheme: light dark; ${variables("light")} }
@media screen and (prefers-color-scheme: dark) { :root { ${variables("dark")} } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 1080px; margin: 0 auto; padding: 28px 20px 60px }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 18px; overflow-wrap: anywhere }
h2 { font-size: 1.2rem; margin: 44px 0 8px; padding-top: 12px; border-top: 1px solid var(--line) }
p { margin: 8px 0; max-width: 46em }
.note { color: var(--muted); font-size: .9rem }
.verdict { background: var(--panel); border-left: 5px solid var(--right); border-radius: 4px; padding: 16px 20px }
.verdict.doubt { border-color: var(--wrong) }
.verdict p { margin: 0 }
.verdict .number { font-size: 2.5rem; font-weight: 650; line-height: 1.15; font-variant-numeric: tabular-nums }
.verdict .number small { font-size: 1rem; font-weight: 400; color: var(--muted); white-space: nowrap }
.warnings { padding: 0 0 0 1.2em; margin: 14px 0; max-width: 60em }
.warnings li { margin: 4px 0 }
.warnings li::marker { color: var(--wrong) }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); gap: 8px 36px; align-items: start }
figure { margin: 12px 0 }
svg { display: block; height: auto; max-width: 100% }
.pair svg { width: 100%; max-width: 520px }
.pair .natural svg { width: auto }
.scroll { overflow-x: auto }
.scroll svg { max-width: none }
table { border-collapse: collapse; font-size: .93rem; font-variant-numeric: tabular-nums }
th, td { padding: 4px 16px 4px 0; text-align: right; border-bottom: 1px solid var(--line); vertical-align: middle }
th { color: var(--muted); font-weight: 500; vertical-align: bottom }
th:first-child, td:first-child, .text { text-align: left; unicode-bidi: isolate; overflow-wrap: anywhere }
td:first-child { min-width: 4.5em }
.number-cell, th { white-space: nowrap }
.bars { width: 100% }
.bars td:first-child { min-width: 7.5em }
.bars .bar { width: 50%; padding-right: 0 }
.bars svg { width: 100%; height: 16px; max-width: none }
.facts th { text-align: left; vertical-align: top; padding-right: 24px }
.facts td { text-align: left; overflow-wrap: anywhere }
pre { background: var(--panel); border-radius: 4px; padding: 12px 16px; overflow-x: auto; font: .86rem/1.45 ui-monospace, monospace }
pre.command { white-space: pre-wrap; overflow-wrap: anywhere }
${names.map((name) => `.fill-${name} { fill: var(--${name}) } .stroke-${name} { stroke: var(--${name}) }`).join("\n")}
.paper { fill: var(--paper) }
@media (max-width: 560px) {
  main { padding: 18px 14px 40px }
  .bars .interval { display: none }
  .bars .bar { width: 26% }
  table { font-size: .86rem }
  th, td { padding-right: 8px }
  .verdict .number small { display: block }
}
@media print {
  body { font-size: 11pt }
  main { max-width: none; padding: 0 }
  h2, .note:has(+ figure) { break-after: avoid }
  figure, tr, .verdict { break-inside: avoid }
  .pair { grid-template-columns: 1fr 1fr; gap: 6px 20px }
  .pair table { font-size: 8.5pt }
  h2 { margin-top: 22px }
  .scroll { overflow: visible }
  .scroll svg { max-width: 100% }
  pre { white-space: pre-wrap }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact }
}
`;
