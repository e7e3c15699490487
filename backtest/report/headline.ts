import { type Html, html } from './html.ts';
import { formatMoney, formatNumber, formatPercent, formatSpan, formatTime } from './page/format.js';
import type { Comparison, RunRecord } from './run-record.ts';

/** A clairvoyant is a bound, not something that one could run instead. */
export function isBound(policy: string): boolean {
  return /clairvoyant/i.test(policy);
}

/** The real peer that needs the fewest hours at our unmet load, if any gets there. */
export function bestPeer(
  comparison: Comparison,
): { readonly policy: string; readonly hours: number } | undefined {
  let best: { policy: string; hours: number } | undefined;
  for (const { policy, hours } of comparison.atOurUnmet) {
    if (hours === undefined || isBound(policy)) continue;
    if (best === undefined || hours < best.hours) best = { policy, hours };
  }
  return best;
}

/** `−14 %`: hours of ours over the peer's, as a change. */
export function formatChange(ours: number, peer: number): string {
  const percent = (ours / peer - 1) * 100;
  const digits = Math.abs(percent).toFixed(Math.abs(percent) < 9.95 ? 1 : 0);
  return Number(digits) === 0 ? '±0 %' : `${percent < 0 ? '−' : '+'}${digits} %`;
}

export function titleOf(run: RunRecord): Html {
  const steps = run.fleet.active.length;
  const span = steps * run.step;
  const facts = [
    `${formatTime(run.start)} – ${formatTime(run.start + span)} UTC`,
    formatSpan(span),
    `${run.shards.length} shard${run.shards.length === 1 ? '' : 's'}`,
    `${formatSpan(run.step)} steps`,
  ];
  const badge = run.synthetic
    ? html`<span class="badge" title="Generated from a seed, not measured">synthetic load</span>`
    : html``;
  const title = run.title === run.settings.service ? html`` : html`${run.title}<br>`;
  return html`<p class="eyebrow">Foreshard backtest</p>
<div class="title"><h1>${run.settings.service}</h1>${badge}</div>
<p class="sub">${title}${facts.join(' · ')}</p>
<p class="sentence">${run.comparison.sentence.replaceAll(' %', '\u00a0%')}</p>`;
}

export function tilesOf(run: RunRecord): Html {
  const { totals } = run;
  const { ours } = run.comparison;
  const hours = (run.fleet.active.length * run.step) / 3600;
  const best = bestPeer(run.comparison);
  const done = run.moves.filter((move) => move.outcome === 'done').length;
  const slices = run.interruptions.reduce((sum, one) => sum + one.slices, 0);
  const absorbed = run.interruptions.reduce((sum, one) => sum + one.absorbed, 0);
  const tiles = [
    tile(
      'Instance-hours',
      formatNumber(totals.hours),
      `${formatNumber(totals.hours / hours)} instances on average`,
    ),
    tile('Cost', formatMoney(totals.cost), `${formatMoney((totals.cost * 24) / hours)} a day`),
    tile('Unmet load', formatPercent(totals.unmet), 'of all load, all shards together'),
    best === undefined
      ? tile('Against the best peer', '–', 'no peer reaches this unmet load')
      : tile(
          'Against the best peer',
          formatChange(ours.hours, best.hours),
          `instance-hours of ${best.policy}, at equal unmet load`,
          ours.hours <= best.hours ? 'good' : 'bad',
        ),
  ];
  const more = [
    tile('Moves', formatNumber(run.moves.length), movesHint(done, run.moves.length)),
    tile('Fleet actions', formatNumber(run.actions.length), 'starts, releases and stocking'),
    tile('Interruptions', formatNumber(run.interruptions.length), 'Spot instances taken away'),
    tile(
      'Absorbed',
      slices === 0 ? '–' : formatPercent(absorbed / slices),
      slices === 0
        ? 'no slice was hit'
        : `${formatNumber(absorbed)} of ${formatNumber(slices)} slices replaced in time`,
    ),
  ];
  return html`<div class="tiles">${tiles}</div>
<div class="card tiles minor">${more}</div>`;
}

function movesHint(done: number, all: number): string {
  if (all === 0) return 'none was needed';
  return done === all ? 'all done' : `${formatNumber(all - done)} of them failed, dropped or still open`;
}

function tile(label: string, value: string, hint: string, tone = ''): Html {
  return html`<div class="tile"><div class="label">${label}</div><div class="value ${tone}">${value}</div><div class="hint">${hint}</div></div>
`;
}
