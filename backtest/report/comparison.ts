import { frontPlot, NARROW, WIDE } from './front-plot.ts';
import { formatChange, isBound } from './headline.ts';
import { type Html, html } from './html.ts';
import { formatMoney, formatNumber, formatPercent } from './page/format.js';
import type { Comparison, PolicyResult } from './run-record.ts';

export function comparisonOf(comparison: Comparison): Html {
  const { ours, peers } = comparison;
  const same = new Map(comparison.atOurUnmet.map(({ policy, hours }) => [policy, hours]));
  const widest = Math.max(ours.hours, ...[...same.values()].map((hours) => hours ?? 0));
  const reached = (peer: PolicyResult) => same.get(peer.policy);
  const ordered = [...peers].sort((a, b) => (reached(a) ?? Infinity) - (reached(b) ?? Infinity));
  return html`<section id="comparison">
<header><h2>Against other policies on the same load</h2>
<p>All policies, ours included, play the same minute model here, on the same load without Spot and failures, so our figures differ a little from the run’s above.</p></header>
<div class="compare"><div class="card"><div class="head"><h3>What less unmet load costs</h3><span class="stats">A line is what a policy’s knobs can do, the dot what was chosen. Lower and further left is better.</span></div>
${frontPlot(comparison, WIDE)}${frontPlot(comparison, NARROW)}</div>
<div class="card"><table class="policies">
<thead><tr><th>Policy</th><th class="n">Instance-hours</th><th class="n">Cost</th><th class="n">Unmet load</th><th class="n">Hours at our unmet load</th><th class="n">Ours against it</th></tr></thead>
<tbody>${row(ours, ours.hours, widest, html`–`, 'ours')}
${ordered.map((peer) => {
  const hours = reached(peer);
  const tone = hours !== undefined && ours.hours <= hours ? 'good' : 'bad';
  const change =
    hours === undefined
      ? html`–`
      : html`<span class="${isBound(peer.policy) ? '' : tone}">${formatChange(ours.hours, hours)}</span>`;
  return row(peer, hours, widest, change, isBound(peer.policy) ? 'bound' : '');
})}</tbody></table></div></div></section>`;
}

/** Each number knows its heading: on a phone a row becomes a block of them. */
function row(
  result: PolicyResult,
  hours: number | undefined,
  widest: number,
  change: Html,
  kind: string,
): Html {
  const bar =
    hours === undefined
      ? html`never reaches it`
      : html`<span class="gauge"><i style="width:${((hours / widest) * 100).toFixed(1)}%"></i></span><b>${formatNumber(hours)}</b>`;
  const cell = (heading: string, content: Html | string) =>
    html`<td class="n" data-heading="${heading}">${content}</td>`;
  return html`<tr class="${kind}"><td>${result.policy}<small>${result.knobs.replaceAll(' %', '\u00a0%')}</small></td>${cell('Instance-hours', formatNumber(result.hours))}${cell('Cost', formatMoney(result.cost))}${cell('Unmet load', formatPercent(result.unmet))}${cell('Hours at our unmet load', bar)}${cell('Ours against it', change)}</tr>
`;
}
