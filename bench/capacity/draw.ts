import { readFileSync } from 'node:fs';
import { type Html, html, raw } from '../../backtest/report/html.ts';
import { panel } from './panel.ts';
import type { Cell } from './study.ts';

/** How each policy is drawn: its class in draw.css. */
export const STYLES: Readonly<Record<string, string>> = {
  ours: 'ours',
  'ours, perfect forecasts': 'perfect',
  'aws-predictive': 'predictive',
  'aws-predictive-fast': 'predictive fast',
  'aws-usual': 'usual',
  'target-tracking': 'tracking',
  'target-tracking-warm': 'tracking warm',
  'target-tracking-fast': 'fast',
  'target-tracking-fast-warm': 'fast warm',
  'static-peak': 'static',
};

/** The Pareto fronts as one page without scripts or network: a panel per trace and size, metrics in time. */
export function drawing(cells: readonly Cell[], shares: readonly number[]): string {
  const css = readFileSync(new URL('./draw.css', import.meta.url), 'utf8');
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Foreshard: instance-hours against unmet load</title>
<style>${raw(css)}</style>
</head>
<body>
<h1>Instance-hours against unmet load</h1>
<p>Each line is what one policy can reach with its knobs chosen in hindsight; lower is cheaper, further left is safer. 1 is the
clairvoyant's proven bound at the same unmet load: nobody can be below it.</p>
<ul class="legend">${Object.entries(STYLES).map(([policy, style]) => legend(policy, style))}</ul>
<div class="panels">
${cells.map((cell) => panel(cell, shares, STYLES))}
</div>
</body>
</html>
`;
  return page.markup;
}

function legend(policy: string, style: string): Html {
  const sample =
    policy === 'aws-usual'
      ? html`<circle class="dot ${style}" cx="15" cy="5" r="4.5"/>`
      : html`<path class="front ${style}" d="M0 5H30"/>`;
  return html`<li><svg viewBox="0 0 30 10" aria-hidden="true">${sample}</svg>${policy}</li>`;
}
