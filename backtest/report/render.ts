import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { comparisonOf } from './comparison.ts';
import { forecastSection } from './forecast-section.ts';
import { tilesOf, titleOf } from './headline.ts';
import { html, raw } from './html.ts';
import { pageData } from './page-data.ts';
import type { RunRecord } from './run-record.ts';
import { fleetSection, notesSection, rulesSection, shardSection } from './sections.ts';

/** The page's modules, each after the ones that it imports. They share one scope in the page. */
export const PAGE_SCRIPTS = [
  'format.js',
  'decode.js',
  'data.js',
  'tooltip.js',
  'timechart.js',
  'layers.js',
  'marks.js',
  'shard.js',
  'fan.js',
  'fleet.js',
  'interruptions.js',
  'main.js',
];

/** In this order: what screens and paper need overrides the rest. */
const PAGE_STYLES = ['page.css', 'tables.css', 'plot.css', 'charts.css', 'screens.css'];

/**
 * One self-contained page: no network, styles and scripts inside, about 0.1 MB and what the series take.
 *
 * Text of a run (names, notes, reasons) never becomes markup: it is escaped on the server side, set as text in the
 * page, and should both fail, the content security policy lets nothing run but our own script, known by its hash.
 */
export function renderReport(run: RunRecord): string {
  const uplot = join(createRequire(import.meta.url).resolve('uplot/package.json'), '..');
  const licence = readFileSync(join(uplot, 'LICENSE'), 'utf8');
  const library = readFileSync(join(uplot, 'dist/uPlot.iife.min.js'), 'utf8');
  const style = readFileSync(join(uplot, 'dist/uPlot.min.css'), 'utf8') + PAGE_STYLES.map(pageFile).join('');
  // `var uPlot` of the library and our modules live in one function scope, so nothing leaks into the window.
  const script = inScript(`/* uPlot:\n${licence}*/\n(() => {\n${library}\n${bundle()}\n})();\n`);
  const hash = createHash('sha256').update(script).digest('base64');
  const data = inScript(JSON.stringify(pageData(run)));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${raw(hash)}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${run.settings.service} – Foreshard backtest</title>
<style>${raw(style)}</style>
</head>
<body>
<main>
<div>${titleOf(run)}${tilesOf(run)}</div>
${comparisonOf(run.comparison)}
${fleetSection(run)}
${shardSection(run)}
${forecastSection(run)}
${rulesSection(run)}
${notesSection(run.notes)}
<footer>Made by Foreshard. Times are UTC. Series are drawn to 12 significant bits; run.json.gz beside this file has all of them.</footer>
</main>
<div id="tip" role="status"></div>
<script type="application/json" id="run">${raw(data)}</script>
<script>${raw(script)}</script>
</body>
</html>
`.markup;
}

/** Our modules as one text: imports go, because they share a scope, and `export` goes with them. */
function bundle(): string {
  const modules = PAGE_SCRIPTS.map(pageFile);
  return modules
    .map((text) =>
      text.replace(/^import [^;]*;$/gm, '').replace(/^export (?=(async )?function |const )/gm, ''),
    )
    .join('\n');
}

function pageFile(name: string): string {
  return readFileSync(new URL(`page/${name}`, import.meta.url), 'utf8');
}

/** Neither code nor JSON may close its own script element or open a comment; `\u003c` means the same inside strings. */
function inScript(text: string): string {
  return text.replace(/<(?=\/script|!--|script)/gi, '\\u003c');
}
