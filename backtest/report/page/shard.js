import { data, events, shardSeries, times, withGaps } from './data.js';
import { formatNumber, formatSpan, formatTime } from './format.js';
import { layersOf, undrawn } from './layers.js';
import { drawMarks, LANE, markTip, rowsOf } from './marks.js';
import { color, fromZero, timeChart, valueAxis } from './timechart.js';
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
      series: [{}, undrawn, undrawn, undrawn, undrawn, undrawn],
      hooks: {
        draw: [
          (u) => {
            drawShard(layersOf(u), series);
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

/** Capacity as ground, darker where nothing uses it, the forecast on it, the load over both, and in red what was missed. */
function drawShard(layers, series) {
  const { thin, area, line, inside } = layers;
  const zoomedOut = layers.size > 1;
  const capacity = thin(series.capacity);
  const load = thin(series.load);
  inside(() => {
    area(capacity.mean, 0, color('capacity'), 0.13);
    area(
      capacity.mean,
      load.mean.map((mean, i) => Math.min(mean, capacity.mean[i])),
      color('capacity'),
      0.3,
    );
    area(thin(series.q90).most, thin(series.q10).least, color('band'));
    if (!zoomedOut) line(capacity.mean, color('capacity'), 1.2);
    if (!zoomedOut) line(thin(series.q50).mean, color('median'), 1, [4, 3]);
    if (zoomedOut) area(load.most, load.least, color('load'), 0.22);
    line(load.mean, color('load'), zoomedOut ? 1 : 1.3);
    drawUnmet(layers, series);
  });
}

/** Red from the load down to what was served; at the upper edge a mark that grows with the share missed, to be seen from afar. */
function drawUnmet({ u, ctx, ratio, size, first, count, edges, height }, { load, unmet }) {
  ctx.fillStyle = color('unmet');
  for (let group = 0; group < count; group++) {
    const from = (first + group) * size;
    const end = Math.min(data.steps, from + size);
    let [worst, missed, all] = [from, 0, 0];
    for (let i = from; i < end; i++) {
      if (unmet[i] > unmet[worst]) worst = i;
      if (unmet[i] > 0) missed += unmet[i];
      if (load[i] > 0) all += load[i];
    }
    if (missed === 0) continue;
    const [left, width] = [edges[group], Math.max(1.5 * ratio, edges[group + 1] - edges[group])];
    const top = height(load[worst]);
    ctx.globalAlpha = 0.85;
    ctx.fillRect(left, top, width, height(load[worst] - unmet[worst]) - top);
    const share = Math.sqrt(Math.min(1, missed / all / 0.25));
    ctx.globalAlpha = Math.min(1, 0.12 + 1.5 * share);
    ctx.fillRect(left, u.bbox.top, width, (1.5 + 9 * share) * ratio);
  }
  ctx.globalAlpha = 1;
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
        series: [{}, undrawn],
        hooks: {
          draw: [
            (u) => {
              const { thin, area, inside } = layersOf(u);
              inside(() => area(thin(delay).most, 0, color('surprise'), 0.8));
            },
          ],
        },
      },
      tip: (u) => [
        h('div', 'when', `${formatTime(times[u.cursor.idx ?? 0])} UTC`),
        facts([['queueing delay', formatSpan(delay[u.cursor.idx ?? 0])]]),
      ],
    }),
  );
}
