/** Style sheet of the report: both themes, and paper. Colours stand beside words, never alone. */
export const REPORT_STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --muted: #596273; --paper: #fff; --rule: #d9dee6;
  --ok: #16794c; --refused: #96610a; --failed: #b3261e; --accent: #2459b3 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --muted: #9aa5b5; --paper: #12161d; --rule: #2b3340;
  --ok: #4ec38a; --refused: #e0a94a; --failed: #f2837b; --accent: #7fb0ff } }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 60rem; padding: 2rem 1rem; font-variant-numeric: tabular-nums }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
p { margin: .25rem 0 } .muted { color: var(--muted) } .scroll { overflow-x: auto }
.verdict { font-size: 1.1rem; margin: 1rem 0; padding: .75rem 1rem; border-left: 4px solid var(--accent) }
.verdict.bad { border-color: var(--failed) }
table { border-collapse: collapse; width: 100% } th { font-weight: 600; color: var(--muted) }
th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap }
th:first-child, td:first-child { text-align: left }
svg { width: 100%; height: auto } svg text { fill: var(--muted); font-size: 11px }
.grid { stroke: var(--rule) } .line { fill: none; stroke-width: 2; stroke: var(--accent) }
.line.ok { stroke: var(--ok) } .line.refused { stroke: var(--refused); stroke-dasharray: 6 3 }
.line.failed { stroke: var(--failed); stroke-dasharray: 2 2 }
.ok { color: var(--ok) } .refused { color: var(--refused) } .failed { color: var(--failed) }
.few { color: var(--muted) } pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 12px }
@media print { :root { --ink: #000; --paper: #fff; --muted: #444; --rule: #bbb; --ok: #16794c; --refused: #96610a;
  --failed: #b3261e; --accent: #2459b3 } body { max-width: none; padding: 0 } h2, table, svg { break-inside: avoid } }
`;
