import { formatChange, isBound } from './headline.ts';
import { type Html, html } from './html.ts';
import { formatMoney, formatNumber, formatPercent } from './page/format.js';
import type { Comparison, PolicyResult } from './run-record.ts';
import { scatterOf } from './scatter.ts';

export function comparisonOf(comparison: Comparison): Html {
  const { ours, peers } = comparison;
  const same = new Map(comparison.atOurUnmet.map(({ policy, hours }) => [policy, hours]));
  const widest = Math.max(ours.hours, ...[...same.values()].map((hours) => hours ?? 0));
  const reached = (peer: PolicyResult) => same.get(peer.policy);
  const ordered = [...peers].sort((a, b) => (reached(a) ?? Infinity) - (reached(b) ?? Infinity));
  return html`<section id="comparison">
<header><h2>Against other policies on the same load</h2>
<p>Lower and further left is better. Each dot is a policy; a ring on the dashed line is what it needs at our unmet load.</p></header>
<div class="compare"><div class="card scroll">${scatterOf(comparison)}</div>
<div class="card scroll"><table>
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
  return html`<tr class="${kind}"><td>${result.policy}<small>${result.knobs}</small></td><td class="n">${formatNumber(result.hours)}</td><td class="n">${formatMoney(result.cost)}</td><td class="n">${formatPercent(result.unmet)}</td><td class="n">${bar}</td><td class="n">${change}</td></tr>
`;
}
