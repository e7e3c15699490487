import type { Rule } from '../../core/capacity/plan.ts';
import { type Html, html } from './html.ts';
import { formatNumber, formatPercent } from './page/format.js';
import type { MoveRecord, RunRecord, ShardRecord } from './run-record.ts';
import { RULE_WORDS } from './words.ts';

export function fleetSection(run: RunRecord): Html {
  const key = (color: string, name: string, shape = '') =>
    html`<span style="--c:var(--${color})"><i class="${shape}"></i>${name}</span>`;
  const zones = new Set(run.interruptions.map(({ zone }) => zone)).size;
  const timeline =
    zones === 0
      ? html`<p class="empty">No Spot interruption in this run.</p>`
      : html`<div class="chart" data-chart="interruptions" style="height:${52 + 44 * zones}px" role="img" aria-label="Interruptions over time, one row per zone"></div>`;
  return html`<section id="fleet"><header><h2>The fleet</h2>
<p>Drag over any chart to zoom all of them, double-click to see everything again. Hover for the numbers.</p></header>
<div class="stack">
<div class="card"><div class="head"><h3>Instances per placement</h3></div><div class="legend">${['active', 'ready', 'activating', 'starting', 'draining'].map((name) => key(name, name))}${key('stopped', 'stopped', 'rule')}${markKeys('starts and wakes', 'releases')}</div><div class="chart" data-chart="fleet" role="img" aria-label="Instances per placement over time, stacked"></div></div>
<div class="card"><div class="head"><h3>Ready pool</h3></div><div class="legend">${key('ready', 'ready')}${key('load', 'target', 'rule dash')}${key('unmet', `bound (${run.settings.readyPool.max})`, 'rule')}</div><div class="chart" data-chart="pool" role="img" aria-label="Ready pool against its target and its bound"></div></div>
<div class="card"><div class="head"><h3>Spot interruptions</h3></div>${zones === 0 ? html`` : html`<div class="legend"><span style="--c:var(--capacity)"><b>●</b>replaced in time</span><span style="--c:var(--unmet)"><b>◐</b>in part</span><span style="--c:var(--unmet)"><b>○</b>not at all</span><span>larger: several at once</span></div>`}${timeline}</div>
<div class="card"><div class="head"><h3>Cost</h3></div><div class="legend">${key('active', '$ per hour')}${key('load', '$ since the start', 'rule dash')}</div><div class="chart" data-chart="cost" role="img" aria-label="Cost per hour and in total"></div></div>
</div></section>`;
}

function markKeys(comes: string, goes: string): Html {
  return html`<span style="--c:var(--in)"><b>▲</b>${comes}</span><span style="--c:var(--out)"><b>▼</b>${goes}</span>`;
}

export function shardSection(run: RunRecord): Html {
  const key = (color: string, name: string, shape: string) =>
    html`<span style="--c:var(--${color})"><i class="${shape}"></i>${name}</span>`;
  const moves = new Map<string, number>();
  for (const { move } of run.moves) {
    const touched = [move.from, move.to].flatMap((place) => ('shard' in place ? [place.shard] : []));
    for (const shard of new Set(touched)) moves.set(shard, (moves.get(shard) ?? 0) + 1);
  }
  const units = new Map(run.settings.shards.map((shard) => [shard.name, shard.capacity.unit]));
  return html`<section id="by-shard"><header><h2>Shard by shard</h2>
<p>Band: the forecast one lead time before (10 – 90 %). Zoomed out, lines are means and grey is the load’s range.</p></header>
<div class="legend">${key('load', 'load', 'rule')}${key('band', 'forecast band', '')}${key('median', 'median', 'rule dash')}${key('capacity', 'capacity, stronger where unused', 'ground')}${key('unmet', 'unmet', '')}${markKeys('a slice comes', 'a slice goes')}<span style="--c:var(--surprise)"><b>▲</b>not foreseen (reactive, pre-emption, replacement, interruption)</span><span style="--c:var(--unmet)"><b>▲</b>failed</span></div>
<div class="tools"><input id="filter" type="search" placeholder="Filter shards" aria-label="Filter shards by name" autocomplete="off">
<label>Sort <select id="sort"><option value="index">as in the settings</option><option value="unmet">most unmet first</option><option value="peak">highest peak first</option><option value="moves">most moves first</option></select></label>
<output id="shown"></output><output id="range" class="range"></output><button id="reset" type="button" hidden>Reset zoom</button></div>
<div class="stack${run.shards.length > MANY ? ' many' : ''}" id="shards">${run.shards.map((shard, i) => shardCard(shard, i, units.get(shard.name) ?? '', moves.get(shard.name) ?? 0))}</div></section>`;
}

/** From more shards than this on, two stand side by side where the screen is wide enough. */
const MANY = 20;

function shardCard(shard: ShardRecord, index: number, unit: string, moves: number): Html {
  let [load, unmet, peak, queues] = [0, 0, 0, false];
  shard.load.forEach((value, i) => {
    if (Number.isFinite(value)) load += value;
    if (value > peak) peak = value;
    if (shard.unmet[i]! > 0) unmet += shard.unmet[i]!;
    queues ||= shard.delay[i]! > 0;
  });
  const share = load > 0 ? unmet / load : 0;
  const delay = queues
    ? html`<h4>Queueing delay</h4><div class="chart" data-chart="delay" data-index="${index}" role="img" aria-label="Queueing delay over time"></div>`
    : html``;
  return html`<div class="card shard" data-name="${shard.name}" data-unmet="${unmet}" data-peak="${peak}" data-moves="${moves}">
<div class="head"><h3>${shard.name}</h3><span class="stats">peak ${formatNumber(peak)} ${unit} · unmet ${formatPercent(share)} · ${formatNumber(moves)} moves</span></div>
<div class="chart" data-chart="shard" data-index="${index}" role="img" aria-label="Load, forecast, capacity and moves over time; unmet ${formatPercent(share)}"></div>${delay}</div>
`;
}

/** How many moves each rule asked for and how they ended, most first. */
export function rulesSection(run: RunRecord): Html {
  const outcomes = ['done', 'failed', 'lost-claim', 'open'] as const;
  const counts = new Map<Rule, Record<MoveRecord['outcome'], number>>();
  for (const { move, outcome } of run.moves) {
    const row = counts.get(move.reason.rule) ?? { done: 0, failed: 0, 'lost-claim': 0, open: 0 };
    row[outcome]++;
    counts.set(move.reason.rule, row);
  }
  const total = (row: Record<MoveRecord['outcome'], number>) =>
    outcomes.reduce((sum, key) => sum + row[key], 0);
  const rows = [...counts].sort(([, a], [, b]) => total(b) - total(a));
  const table = html`<div class="card scroll"><table><thead><tr><th>Rule</th><th class="n">Moves</th><th class="n">Done</th><th class="n">Failed</th><th class="n">Lost the claim</th><th class="n">Still open</th></tr></thead><tbody>
${rows.map(([rule, row]) => html`<tr><td>${rule}<small>${RULE_WORDS[rule] ?? ''}</small></td><td class="n">${formatNumber(total(row))}</td>${outcomes.map((key) => html`<td class="n">${formatNumber(row[key])}</td>`)}</tr>`)}</tbody></table></div>`;
  return html`<section id="rules"><header><h2>Moves per rule</h2><p><code>npx foreshard explain</code> tells the story of one shard or instance at one time.</p></header>${rows.length === 0 ? html`<div class="card empty">Nothing moved.</div>` : table}</section>`;
}

export function notesSection(notes: readonly string[]): Html {
  if (notes.length === 0) return html``;
  return html`<section id="notes"><header><h2>Notes</h2></header><div class="card"><ul class="notes">${notes.map((note) => html`<li>${note}</li>`)}</ul></div></section>`;
}
