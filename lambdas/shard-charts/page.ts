import type { PlanRecord } from '../../adapters/aws/plan-record.ts';
import type { PlacementKind } from '../../core/shards/placement.ts';
import type { Seconds } from '../../core/time.ts';
import { chartOf } from './chart.ts';
import { LONGEST, type View } from './context.ts';
import { type Colours, DARK, escapeHtml, LIGHT, short } from './html.ts';
import type { Read } from './read.ts';
import { type ShardSeries, use } from './series.ts';

const CHART = 320;
const GAP = 8;
/** A plan is made each minute; the alarm comes at three. */
const OLD: Seconds = 180;
/** Rows of the table; the rest is counted. */
const ROWS = 200;

/** The whole widget as HTML: what the fleet has, a chart per chosen shard, a table of all. */
export function pageOf(
  series: readonly ShardSeries[],
  drawn: readonly ShardSeries[],
  read: Read,
  view: View,
  now: Seconds,
): string {
  const colours = view.isDark ? DARK : LIGHT;
  const perRow = Math.max(1, Math.floor((view.width + GAP) / (CHART + GAP)));
  const width = Math.max(200, Math.floor((view.width - 24 - (perRow - 1) * GAP) / perRow));
  const charts = drawn.map((one) => chartOf(one, view, width, colours)).join('\n');
  const left = series.length - drawn.length;
  return `<div style="font-family:sans-serif;font-size:12px;color:${colours.text};background:${colours.back};padding:4px">
${fleetLine(read, colours, now)}
${legend(colours)}
<div style="display:flex;flex-wrap:wrap;gap:${GAP}px">
${charts || '<p>No shard to draw: none of the names is in the settings.</p>'}
</div>
${left > 0 && drawn.length > 0 ? `<p style="color:${colours.faint}">${left} more shards are in the table only; parameters <code>most</code> and <code>shards</code> choose.</p>` : ''}
${view.to - view.from >= LONGEST ? `<p style="color:${colours.faint}">Only the last ${LONGEST / 3600} h of the range are shown.</p>` : ''}
${table(series, read, colours)}
</div>`;
}

function fleetLine({ plans, slices, holds }: Read, colours: Colours, now: Seconds): string {
  const last: PlanRecord | undefined = plans.at(-1);
  if (last === undefined) return `<p style="color:${colours.alarm}">No plan was made in this range.</p>`;
  const { pool, desired, at, findings } = last;
  const age = Math.max(0, Math.round(now - at));
  const parts = [
    `ready pool ${slices.get('')?.ready ?? 0} slices (target ${short(pool.target)}, bound ${short(pool.bound)})`,
    `desired ${desired.steady} On-Demand, ${desired.spot} Spot, ${desired.warm} warm`,
    `${holds} slices held by moves`,
    `${findings.length} findings`,
  ];
  const when = age > OLD ? `<b style="color:${colours.alarm}">${age} s ago</b>` : `${age} s ago`;
  return `<p style="margin:2px 0">Newest plan of the range ${when}: ${parts.map(escapeHtml).join(' · ')}</p>`;
}

function legend(colours: Colours): string {
  const line = (colour: string, dash: string) =>
    `<svg width="24" height="8"><line x1="0" x2="24" y1="4" y2="4" stroke="${colour}" stroke-width="2" ${dash}/></svg>`;
  const box = `<svg width="24" height="8"><rect width="24" height="8" fill="${colours.band}"/></svg>`;
  return `<p style="margin:2px 0;color:${colours.faint}">${line(colours.load, '')} load ${box} forecast, 0.1 to 0.9 quantile ${line(colours.capacity, 'stroke-dasharray="5 2"')} capacity that serves</p>`;
}

const KINDS: readonly PlacementKind[] = ['active', 'activating', 'reserved', 'draining'];

function table(series: readonly ShardSeries[], read: Read, colours: Colours): string {
  const cell = (content: string, right = true) =>
    `<td style="padding:1px 8px;border-top:1px solid ${colours.line};${right ? 'text-align:right' : ''}">${escapeHtml(content)}</td>`;
  const head = ['shard', 'mode', ...KINDS, 'load', 'serves', 'wanted', 'guaranteed', 'used', 'unit']
    .map(
      (name) =>
        `<th style="padding:1px 8px;text-align:${name === 'shard' ? 'left' : 'right'};color:${colours.faint}">${name}</th>`,
    )
    .join('');
  const rows = [...series]
    .sort((a, b) => use(b) - use(a))
    .slice(0, ROWS)
    .map((one) => {
      const { shard, last, newest, unit } = one;
      const counts = read.slices.get(shard) ?? {};
      const used = use(one);
      return `<tr>${cell(shard, false)}${cell(last?.mode ?? '–')}${KINDS.map((kind) => cell(String(counts[kind] ?? 0))).join('')}${[
        newest?.load,
        last?.have,
        last?.want,
        last?.guarantee,
      ]
        .map((value) => cell(short(value ?? Number.NaN)))
        .join(
          '',
        )}${cell(Number.isFinite(used) ? `${Math.round(100 * used)} %` : 'no capacity')}${cell(unit)}</tr>`;
    })
    .join('\n');
  const more = series.length - ROWS;
  return `<table style="border-collapse:collapse;margin-top:8px;font-size:12px;white-space:nowrap;color:${colours.text}"><tr>${head}</tr>
${rows}
</table>${more > 0 ? `<p>and ${more} more</p>` : ''}`;
}
