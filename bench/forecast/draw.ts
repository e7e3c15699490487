import { readFileSync } from 'node:fs';
import { type Html, html, raw } from '../../backtest/report/html.ts';
import { OURS } from './forecasters.ts';
import { overBest, SPANS, type Span, type Spanned, spanned } from './metrics.ts';
import type { Score } from './score.ts';

const SIZE = { width: 560, row: 30, top: 8, bottom: 44 };
const PLOT = { left: 136, right: SIZE.width - 16 };
/** Ratios that are drawn; what lies beyond stands at the edge. */
const RANGE = { low: 0.5, high: 4 };
const TICKS = [0.5, 0.7, 1, 1.5, 2, 3, 4];

/** How much worse (or better) than ours each peer is, per set and span, as one page without scripts or network. */
export function drawing(scores: readonly Score[], peers: readonly string[]): string {
  const css = readFileSync(new URL('../capacity/draw.css', import.meta.url), 'utf8');
  const spans = Object.keys(SPANS) as Span[];
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Foreshard: forecasts next to those of others</title>
<style>${raw(css)}
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 20px; }
figure { margin: 0; } figure > svg { width: 100%; height: auto; }
text { fill: var(--soft); font-size: 12px; } text.set { fill: var(--ink); }
.axis { stroke: var(--line); } .even { stroke: var(--ours); stroke-width: 2; }
.peer { fill: var(--static); fill-opacity: 0.55; } .best { fill: var(--tracking); }
</style>
</head>
<body>
<h1>Forecasts of others next to ours</h1>
<p>Each dot is one forecaster on one set of traces: its quantile loss (WQL) over ours at the same points, log scale. Right of
the blue line ours is better. Orange is the one that is best on this set in hindsight; what lies beyond the picture stands at its edge.</p>
<div class="panels">${spans.map((span) => panel(SPANS[span].title, spanned(scores, span), peers))}</div>
</body>
</html>
`.markup;
}

function panel(title: string, sets: ReadonlyMap<string, readonly Spanned[]>, peers: readonly string[]): Html {
  const height = SIZE.top + sets.size * SIZE.row + SIZE.bottom;
  const bottom = height - SIZE.bottom;
  const label = `Quantile loss of others over ours, ${title}`;
  return html`<figure><h2>${title}</h2>
<svg viewBox="0 0 ${SIZE.width} ${height}" role="img" aria-label="${label}">
${TICKS.map(
  (tick) => html`<path class="axis" d="M${x(tick)} ${SIZE.top}V${bottom}"/>
<text x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${tick}</text>`,
)}
<path class="even" d="M${x(1)} ${SIZE.top}V${bottom}"/>
<text x="${x(1)}" y="${height - 6}" text-anchor="middle">WQL over ours</text>
${[...sets].map(([set, spans], i) => row(set, spans, peers, SIZE.top + (i + 0.5) * SIZE.row))}
</svg></figure>`;
}

function row(set: string, spans: readonly Spanned[], peers: readonly string[], y: number): Html {
  const ours = spans.find(({ forecaster }) => forecaster === OURS)?.wql ?? 0;
  const best = overBest(spans, peers, ({ wql }) => wql)?.peer;
  const dots = spans
    .filter(({ forecaster }) => peers.includes(forecaster))
    // The best one last, so that none hides it.
    .sort((a, b) => Number(a.forecaster === best) - Number(b.forecaster === best));
  return html`<text class="set" x="${PLOT.left - 12}" y="${y + 4}" text-anchor="end">${set}</text>
${dots.map(
  ({ forecaster, wql }) =>
    html`<circle class="${forecaster === best ? 'best' : 'peer'}" cx="${x(wql / ours)}" cy="${y}" r="5"><title>${forecaster}: ${(wql / ours).toFixed(2)}</title></circle>`,
)}`;
}

function x(ratio: number): number {
  const part = Math.log(ratio / RANGE.low) / Math.log(RANGE.high / RANGE.low);
  const within = Math.min(1, Math.max(0, Number.isNaN(part) ? 0 : part));
  return Math.round(10 * (PLOT.left + within * (PLOT.right - PLOT.left))) / 10;
}
