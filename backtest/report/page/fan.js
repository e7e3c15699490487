import { data, shardSeries, times, withGaps } from './data.js';
import { formatNumber, formatTime, splitsAround } from './format.js';
import { layersOf, undrawn } from './layers.js';
import { color, fromZero, timeChart, valueAxis } from './timechart.js';
import { facts, h } from './tooltip.js';

/** One shard's forecast as a fan of quantiles, and the load as it came. */
export function fanChart(element, index) {
  const { unit, unusual } = data.shards[index];
  timeChart(
    element,
    () => shardSeries(index),
    (series) => {
      const { q01, q10, q50, q90, q99, load } = series;
      const drawn = [q99 ?? q90, q90, q50, q10, q01 ?? q10, load];
      return {
        values: [times, ...drawn.map(withGaps)],
        options: {
          axes: [valueAxis()],
          scales: { y: { range: fanRange(q90, load) } },
          series: [{}, ...drawn.map(() => undrawn)],
          hooks: { draw: [(u) => drawFan(layersOf(u), series, unusual)] },
        },
        tip: (u) => {
          const i = u.cursor.idx ?? 0;
          const value = (values) =>
            values === undefined || Number.isNaN(values[i]) ? undefined : formatNumber(values[i]);
          const strange = unusual.find(({ from, to }) => times[i] >= from && times[i] < to);
          return [
            h('div', 'when', `${formatTime(times[i])} UTC`),
            facts([
              [`load (${unit})`, value(load) ?? 'missing'],
              ['99 %', value(q99)],
              ['90 %', value(q90)],
              ['median', value(q50)],
              ['10 %', value(q10)],
              ['1 %', value(q01)],
              ['unusual', strange?.kind],
            ]),
          ];
        },
      };
    },
  );
}

/**
 * The same in per cent of the median: how wide the fan is and how well it holds can be seen at any time of the day.
 */
export function missChart(element, index) {
  const load = async () => relative(await shardSeries(index));
  timeChart(element, load, (series) => {
    const drawn = [series.q99 ?? series.q90, series.q10, series.load];
    const most = spreadOf(series);
    return {
      values: [times, ...drawn.map(withGaps)],
      options: {
        axes: [
          valueAxis({
            splits: () => splitsAround(most),
            values: (_, splits) => splits.map((value) => `${value > 0 ? '+' : ''}${formatNumber(value)} %`),
          }),
        ],
        scales: { y: { range: [-most, most] } },
        series: [{}, ...drawn.map(() => undrawn)],
        hooks: { draw: [(u) => drawMisses(layersOf(u), series, most)] },
      },
      tip: (u) => {
        const i = u.cursor.idx ?? 0;
        const value = (name) =>
          series[name] === undefined || Number.isNaN(series[name][i])
            ? undefined
            : `${series[name][i] > 0 ? '+' : ''}${formatNumber(series[name][i])} %`;
        const rows = ['q99', 'q90', 'q10', 'q01'].map((name) => [`${Number(name.slice(1))} %`, value(name)]);
        return [
          h('div', 'when', `${formatTime(times[i])} UTC`),
          facts([['load over the median', value('load') ?? 'missing'], ...rows]),
        ];
      },
    };
  });
}

/** The fan, and the load of single minutes as dots: those outside of the wide band stand out, far ones at the edge. */
function drawMisses(layers, { q01, q10, q50, q90, q99, load }, most) {
  const { u, ctx, ratio, thin, area, line, inside } = layers;
  const shown = times.map((time) => u.valToPos(time, 'x', true));
  const dots = (name, width, isDrawn) => {
    const size = width * ratio;
    ctx.fillStyle = color(name);
    load.forEach((value, i) => {
      if (!isDrawn(value, i)) return;
      const edge = u.valToPos(Math.max(-0.98 * most, Math.min(0.98 * most, value)), 'y', true);
      ctx.fillRect(shown[i] - size / 2, edge - size / 2, size, size);
    });
  };
  const out = (value, i) => value > (q99 ?? q90)[i] || value < (q01 ?? q10)[i];
  inside(() => {
    if (q01 && q99) area(thin(q99).mean, thin(q01).mean, color('fan'));
    area(thin(q90).mean, thin(q10).mean, color('band'));
    line(thin(q50).mean, color('median'), 1, [4, 3]);
    dots('load', 1.6, (value, i) => !Number.isNaN(value) && !out(value, i));
    dots('unmet', 2.6, out);
  });
}

/** Per cent above or below the median; nothing where that is 0. */
function relative(series) {
  const over = (values) =>
    values?.map((value, i) => (series.q50[i] > 0 ? (value / series.q50[i] - 1) * 100 : Number.NaN));
  const named = { ...series, load: series.minute ?? series.load };
  const names = ['q01', 'q10', 'q50', 'q90', 'q99', 'load'];
  return Object.fromEntries(names.map((name) => [name, over(named[name])]));
}

/** Per cent that the strip reaches up and down: what nearly all of the fan needs, and some more. */
function spreadOf({ q01, q10, q90, q99 }) {
  const sizes = [q01 ?? q10, q99 ?? q90]
    .map((values) =>
      Array.from(values, Math.abs)
        .filter(Number.isFinite)
        .sort((a, b) => a - b),
    )
    .map((sorted) => sorted[Math.floor(sorted.length * 0.995)] ?? 0);
  return Math.max(1, ...sizes) * 1.25;
}

/** By load and 90 %: a far tail may leave the picture, or it would flatten the rest. */
function fanRange(q90, load) {
  const range = fromZero();
  return (u) => {
    let most = 0;
    for (const values of [q90, load]) for (const value of values) if (value > most) most = value;
    return range(u, 0, most);
  };
}

/** The wide band, the narrow one, the median, the load; stretches of unusual load behind all. */
function drawFan(layers, { q01, q10, q50, q90, q99, load }, unusual) {
  const { u, ctx, thin, area, line, inside } = layers;
  const zoomedOut = layers.size > 1;
  const seen = thin(load);
  inside(() => {
    ctx.fillStyle = color('surprise');
    ctx.globalAlpha = 0.25;
    for (const { from, to } of unusual) {
      const [left, right] = [from, to].map((time) => u.valToPos(time, 'x', true));
      ctx.fillRect(left, u.bbox.top, Math.max(2 * layers.ratio, right - left), u.bbox.height);
    }
    ctx.globalAlpha = 1;
    if (q01 && q99) area(thin(q99).mean, thin(q01).mean, color('fan'));
    area(thin(q90).mean, thin(q10).mean, color('band'));
    line(thin(q50).mean, color('median'), 1, [4, 3]);
    if (zoomedOut) area(seen.most, seen.least, color('load'), 0.2);
    line(seen.mean, color('load'), zoomedOut ? 1 : 1.3);
  });
}
