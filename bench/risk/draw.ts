import { readFileSync } from 'node:fs';
import { type Html, html, raw } from '../../backtest/report/html.ts';
import type { Score } from './score.ts';

/** One curve of the reliability plot. */
export interface Curve {
  readonly name: string;
  /** Class in draw.css. */
  readonly style: 'ours' | 'tracking';
  readonly score: Score;
}

const SIZE = 420;
const EDGE = { left: 56, bottom: 44, top: 14, right: 24 };

/** Reliability plots as one page without scripts or network: what was said against what came, per horizon. */
export function drawing(
  panels: readonly { readonly title: string; readonly curves: readonly Curve[] }[],
): string {
  const css = readFileSync(new URL('../capacity/draw.css', import.meta.url), 'utf8');
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Foreshard: reliability of the interruption risk</title>
<style>${raw(css)}
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); gap: 20px; }
figure { margin: 0; } figure > svg { width: 100%; max-width: 460px; height: auto; } figcaption .legend { display: block; }
.axis { stroke: var(--line); } .even { stroke: var(--soft); stroke-dasharray: 4 4; fill: none; }
text { fill: var(--soft); font-size: 12px; } .curve { fill: none; stroke-width: 2; }
.curve.ours { stroke: var(--ours); } .curve.tracking { stroke: var(--tracking); }
circle.ours { fill: var(--ours); } circle.tracking { fill: var(--tracking); }
</style>
</head>
<body>
<h1>How far the interruption risk can be believed</h1>
<p>Each dot is a tenth of the samples of the later time span: the probability that was said, and the share that was interrupted.
On the dashed line what was said came. Zones of a public Spot trace that were lost count as interruptions of all instances there.</p>
<div class="panels">${panels.map(({ title, curves }) => panel(title, curves))}</div>
</body>
</html>
`.markup;
}

function panel(title: string, curves: readonly Curve[]): Html {
  const most = Math.max(
    ...curves.flatMap(({ score }) => score.bins.flatMap(({ said, came }) => [said, came])),
  );
  const top = Math.ceil(most * 10) / 10;
  const x = (p: number) => EDGE.left + (p / top) * (SIZE - EDGE.left - EDGE.right);
  const y = (p: number) => SIZE - EDGE.bottom - (p / top) * (SIZE - EDGE.bottom - EDGE.top);
  const ticks = Array.from({ length: Math.round(top * 10) + 1 }, (_, i) => i / 10);
  return html`<figure><h2>${title}</h2>
<svg viewBox="0 0 ${SIZE} ${SIZE}" width="${SIZE}" height="${SIZE}" role="img" aria-label="${title}">
${ticks.map(
  (at) => html`<path class="axis" d="M${x(at)} ${y(0)}V${y(top)}M${x(0)} ${y(at)}H${x(top)}"/>
<text x="${x(at)}" y="${y(0) + 18}" text-anchor="middle">${percent(at)}</text>
<text x="${x(0) - 8}" y="${y(at) + 4}" text-anchor="end">${percent(at)}</text>`,
)}
<text x="${(x(0) + x(top)) / 2}" y="${SIZE - 6}" text-anchor="middle">said</text>
<text x="14" y="${(y(0) + y(top)) / 2}" text-anchor="middle" transform="rotate(-90 14 ${(y(0) + y(top)) / 2})">came</text>
<path class="even" d="M${x(0)} ${y(0)}L${x(top)} ${y(top)}"/>
${curves.map(({ style, score }) => curve(style, score, x, y))}
</svg>
<figcaption><ul class="legend">${curves.map(
    ({ name, style, score }) =>
      html`<li><svg viewBox="0 0 30 10" width="30" height="10" aria-hidden="true"><path class="curve ${style}" d="M0 5H30"/></svg>${name}: ${score.samples} samples, ${percent(score.rate)} interrupted, off by ${(100 * score.calibrationError).toFixed(1)} points</li>`,
  )}</ul></figcaption></figure>`;
}

function curve(style: string, { bins }: Score, x: (p: number) => number, y: (p: number) => number): Html {
  const path = bins
    .map(({ said, came }, i) => `${i === 0 ? 'M' : 'L'}${x(said).toFixed(1)} ${y(came).toFixed(1)}`)
    .join('');
  return html`<path class="curve ${style}" d="${path}"/>${bins.map(
    ({ said, came }) =>
      html`<circle class="${style}" cx="${x(said).toFixed(1)}" cy="${y(came).toFixed(1)}" r="4"/>`,
  )}`;
}

const percent = (share: number) => `${Math.round(100 * share)} %`;
