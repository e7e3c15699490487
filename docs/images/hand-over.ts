import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { html } from '../../backtest/report/html.ts';
import type { Trace } from '../../bench/handover/trace.ts';
import { MIB } from '../../core/bytes.ts';
import { handOverPlot } from './hand-over-plot.ts';

/**
 * `node docs/images/hand-over.ts [TRACE.json]`: draws what `npm run bench:handover -- --trace FILE` has seen, to
 * `out/hand-over.html`. The agents, the copy and the load balancer are real; the link and the metadata are of our making.
 */
const STYLE = `
  :root { color-scheme: light dark; --bg: #fff; --ink: #14181f; --soft: #4d5765; --faint: #727c8a; --grid: #eceef2;
    --old: #3f7fd9; --new: #0f9274; --gap: #fbe3e4; --bad: #c62f3b; --round: #b07d2b; --odd: #dcb36a; }
  @media (prefers-color-scheme: dark) { :root { --bg: #0f1217; --ink: #e8ebf0; --soft: #aeb7c4; --faint: #8791a0;
    --grid: #232933; --old: #6a9ef4; --new: #38c29d; --gap: #3c1d21; --bad: #ff7a82; --round: #e0a548; --odd: #8f6c30; } }
  body { margin: 0; padding: 22px 26px 10px; background: var(--bg); color: var(--soft);
    font: 15px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
  h1 { margin: 0 0 2px; font-size: 20px; color: var(--ink); }
  p { margin: 0; }
  svg { display: block; width: 1000px; }
  text { fill: var(--soft); font-size: 14px; }
  text.head { font-size: 15.5px; font-weight: 600; fill: var(--ink); }
  .axis { font-size: 13.5px; font-weight: 400; fill: var(--faint); }
  .grid { stroke: var(--grid); }
  .mark { stroke: var(--soft); stroke-dasharray: 4 3; }
  rect.old, tspan.old { fill: var(--old); } rect.new, tspan.new { fill: var(--new); }
  line.old { stroke: var(--old); stroke-width: 1.6; } line.new { stroke: var(--new); stroke-width: 1.6; }
  rect.round { fill: var(--round); } rect.odd { fill: var(--odd); } rect.gap { fill: var(--gap); }
  text.pause { font-size: 17px; font-weight: 700; fill: var(--bad); }
`;

const trace = JSON.parse(readFileSync(process.argv[2] ?? 'out/hand-over.json', 'utf8')) as Trace;
const redirect = (trace.answers.new[0] ?? Number.NaN).toFixed(1);
const lost = ((trace.answers.new[0] ?? Number.NaN) - (trace.answers.old.at(-1) ?? Number.NaN)).toFixed(2);
const size = `${Math.round(trace.stateBytes / MIB)} MiB`;
const page = html`<!doctype html><html lang="en"><meta charset="utf-8"><title>A hand-over</title>
<style>${{ markup: STYLE }}</style>
<h1>Spot takes an instance: ${redirect} s from notice to new holder, ${lost} s of silence</h1>
<p>${size} of random state, ${Math.round(trace.dirty * 100)} % of it rewritten each second, over ${trace.linkMbits} Mbit/s; nothing was copied before the notice.</p>
${handOverPlot(trace)}</html>
`;
mkdirSync('out', { recursive: true });
writeFileSync('out/hand-over.html', page.markup);
