import { data, events, shardSeries, times, withGaps } from './data.js';
import { formatNumber, formatSpan, formatTime } from './format.js';
import { drawMarks, LANE, markTip, rowsOf } from './marks.js';
import { color, fromZero, steps, timeChart, valueAxis, view } from './timechart.js';
import { facts, h } from './tooltip.js';

/** One shard: load against its forecast band, capacity, what was missed, and its moves. */
export function shardChart(element, index) {
  const { unit } = data.shards[index];
  const load = async () => {
    const table = await events('moves');
    const rows = rowsOf(table, (row) => table.into[row] === index || table.outOf[row] === index);
    return {
      series: await shardSeries(index),
      marks: { table, rows, comes: (row) => table.into[row] === index },
    };
  };
  timeChart(element, load, ({ series, marks }) => ({
    values: [times, series.q90, series.q10, series.q50, series.capacity, series.load].map(withGaps),
    options: {
      axes: [valueAxis()],
      scales: { y: { range: fromZero(LANE) } },
      series: [
        {},
        { width: 0, points: { show: false } },
        { width: 0, points: { show: false } },
        { stroke: color('median'), width: 1.2, dash: [4, 3], points: { show: false } },
        { stroke: color('capacity'), width: 1.6, paths: steps, points: { show: false } },
        { stroke: color('load'), width: 1.3, points: { show: false } },
      ],
      bands: [{ series: [1, 2], fill: color('band') }],
      hooks: {
        draw: [
          (u) => {
            drawUnmet(u, series);
            drawMarks(u, marks);
          },
        ],
      },
    },
    tip: (u) => {
      const i = u.cursor.idx;
      if (i == null) return [];
      const value = (name) => (Number.isNaN(series[name][i]) ? 'missing' : formatNumber(series[name][i]));
      return [
        h('div', 'when', `${formatTime(times[i])} UTC`),
        facts([
          [`load (${unit})`, value('load')],
          ['forecast 10 / 50 / 90 %', `${value('q10')} / ${value('q50')} / ${value('q90')}`],
          ['capacity', value('capacity')],
          ['unmet', series.unmet[i] > 0 ? value('unmet') : undefined],
          ['queueing', series.delay[i] > 0 ? formatSpan(series.delay[i]) : undefined],
        ]),
        ...markTip(u, marks, unit),
      ];
    },
  }));
}

/** The part of the load above capacity in red, and a red tick on top so that the smallest is seen from afar. */
function drawUnmet(u, { load, unmet }) {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.fillStyle = color('unmet');
  const first = Math.max(0, Math.floor((view.min - data.start) / data.step));
  const last = Math.min(data.steps - 1, Math.ceil((view.max - data.start) / data.step));
  for (let i = first; i <= last; i++) {
    if (!(unmet[i] > 0)) continue;
    const left = Math.max(bbox.left, u.valToPos(times[i], 'x', true));
    const right = Math.min(bbox.left + bbox.width, u.valToPos(times[i] + data.step, 'x', true));
    const width = Math.max(2 * ratio, right - left);
    const top = u.valToPos(load[i], 'y', true);
    ctx.globalAlpha = 0.75;
    ctx.fillRect(left, top, width, Math.max(2 * ratio, u.valToPos(load[i] - unmet[i], 'y', true) - top));
    ctx.globalAlpha = 1;
    ctx.fillRect(left, bbox.top, width, 4 * ratio);
  }
  ctx.restore();
}

/** Mean queueing delay of one shard (s); only shards that queue have this chart. */
export function delayChart(element, index) {
  timeChart(
    element,
    () => shardSeries(index),
    ({ delay }) => ({
      values: [times, delay],
      options: {
        axes: [valueAxis({ values: (_, splits) => splits.map((s) => `${formatNumber(s)} s`), space: 26 })],
        scales: { y: { range: fromZero() } },
        series: [
          {},
          { stroke: color('surprise'), fill: `${color('surprise')}33`, width: 1.2, points: { show: false } },
        ],
      },
      tip: (u) => [
        h('div', 'when', `${formatTime(times[u.cursor.idx ?? 0])} UTC`),
        facts([['queueing delay', formatSpan(delay[u.cursor.idx ?? 0])]]),
      ],
    }),
  );
}
