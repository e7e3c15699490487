import { data, events, fleetSeries, times } from './data.js';
import { formatMoney, formatNumber, formatTime } from './format.js';
import { layersOf, undrawn } from './layers.js';
import { drawMarks, LANE, markTip, rowsOf } from './marks.js';
import { color, fromZero, timeChart, valueAxis } from './timechart.js';
import { facts, h } from './tooltip.js';

const STACK = ['active', 'ready', 'activating', 'starting', 'draining'];

/** Instances per placement, stacked from `active` up; stopped ones are a line, they do not run. */
export function fleetChart(element) {
  const load = async () => {
    const table = await events('actions');
    return {
      fleet: await fleetSeries(),
      marks: { table, rows: rowsOf(table), comes: (row) => table.into[row] === 0 },
    };
  };
  timeChart(element, load, ({ fleet, marks }) => {
    const sums = STACK.map((_, k) =>
      fleet.active.map((__, i) => STACK.slice(0, k + 1).reduce((n, p) => n + fleet[p][i], 0)),
    );
    return {
      values: [times, ...sums.toReversed(), fleet.stopped],
      options: {
        axes: [valueAxis()],
        scales: { y: { range: fromZero(LANE) } },
        series: [{}, ...sums.map(() => undrawn), undrawn],
        hooks: {
          draw: [
            (u) => {
              drawFleet(layersOf(u, 2.5), sums, fleet.stopped);
              drawMarks(u, marks);
            },
          ],
        },
        cursor: { points: { show: false } },
      },
      tip: (u) => {
        const i = u.cursor.idx ?? 0;
        return [
          h('div', 'when', `${formatTime(times[i])} UTC`),
          facts([...STACK, 'stopped'].map((name) => [name, formatNumber(fleet[name][i])])),
          ...markTip(u, marks, ''),
        ];
      },
    };
  });
}

/** Each layer down to the one below it; the stopped ones as a line with a rim, because they lie over the rest. */
function drawFleet({ thin, area, line, inside }, sums, stopped) {
  const tops = sums.map((sum) => thin(sum).mean);
  inside(() => {
    tops.forEach((top, k) => {
      area(top, k === 0 ? 0 : tops[k - 1], color(STACK[k]), k === 0 ? 0.55 : 1);
    });
    const still = thin(stopped).mean;
    line(still, color('card'), 3);
    line(still, color('stopped'), 1.4);
  });
}

/** The ready pool against its target and its bound. */
export function poolChart(element) {
  timeChart(element, fleetSeries, ({ ready, readyTarget }) => ({
    values: [times, ready, readyTarget],
    options: {
      axes: [valueAxis()],
      scales: { y: { range: [0, poolTop(ready, readyTarget)] } },
      series: [{}, undrawn, undrawn],
      hooks: { draw: [(u) => drawPool(layersOf(u, 2.5), ready, readyTarget)] },
    },
    tip: (u) => {
      const i = u.cursor.idx ?? 0;
      const rows = [
        ['ready', formatNumber(ready[i])],
        ['target', formatNumber(readyTarget[i])],
        ['bound', formatNumber(data.readyMax)],
      ];
      return [h('div', 'when', `${formatTime(times[i])} UTC`), facts(rows)];
    },
  }));
}

/** Room for the whole pool and nearly all of its targets: a target of one minute may be ten times the usual one. */
function poolTop(ready, target) {
  const usual = target.toSorted()[Math.floor(0.99 * target.length)];
  return Math.max(1, 1.1 * ready.reduce((a, b) => Math.max(a, b)), 1.3 * usual);
}

/** A bound far above the pool is written at the upper edge, so that the pool keeps its height. */
function drawPool({ u, ctx, ratio, thin, area, line, inside, height }, ready, readyTarget) {
  const pool = thin(ready);
  inside(() => {
    area(pool.most, pool.least, color('ready'), 0.35);
    area(pool.mean, 0, color('ready'), 0.6);
    line(thin(readyTarget).mean, color('load'), 1.2, [4, 3]);
    ctx.strokeStyle = color('unmet');
    ctx.lineWidth = 1.5 * ratio;
    const y = height(data.readyMax);
    ctx.beginPath();
    ctx.moveTo(u.bbox.left, y);
    ctx.lineTo(u.bbox.left + u.bbox.width, y);
    ctx.stroke();
    if (y < u.bbox.top) inCorner(u, `bound ${formatNumber(data.readyMax)} ↑`, color('unmet'));
  });
}

/** A word in the upper right corner of a plot. */
function inCorner(u, text, fill) {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.font = `${12 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = 'right';
  ctx.textBaseline = 'top';
  ctx.lineWidth = 4 * ratio;
  ctx.strokeStyle = color('card');
  ctx.fillStyle = fill;
  const [x, y] = [bbox.left + bbox.width - 4 * ratio, bbox.top + 2 * ratio];
  ctx.strokeText(text, x, y);
  ctx.fillText(text, x, y);
  ctx.restore();
}

/** Dollars per hour, and how they add up. */
export function costChart(element) {
  timeChart(element, fleetSeries, ({ cost }) => {
    let spent = 0;
    const sum = Array.from(cost, (dollars) => {
      spent += dollars;
      return spent;
    });
    const rate = cost.map((dollars) => (dollars * 3600) / data.step);
    const dollars = (_, splits) => splits.map((value) => (value === 0 ? '0' : `$${formatNumber(value)}`));
    return {
      values: [times, rate, sum],
      options: {
        axes: [valueAxis({ values: dollars })],
        scales: { y: { range: fromZero() }, sum: { range: [0, Math.max(spent, 1e-9) * 1.25] } },
        series: [
          {},
          undrawn,
          { stroke: color('load'), width: 1.4, dash: [5, 4], scale: 'sum', points: { show: false } },
        ],
        hooks: {
          draw: [
            (u) => {
              const { thin, area, line, inside } = layersOf(u, 2.5);
              const { mean } = thin(rate);
              inside(() => {
                area(mean, 0, color('active'), 0.25);
                line(mean, color('active'), 1.3);
              });
              inCorner(u, `${formatMoney(spent)} in all`, color('load'));
            },
          ],
        },
      },
      tip: (u) => {
        const i = u.cursor.idx ?? 0;
        const rows = [
          ['per hour', formatMoney(rate[i])],
          ['since the start', formatMoney(sum[i])],
        ];
        return [h('div', 'when', `${formatTime(times[i])} UTC`), facts(rows)];
      },
    };
  });
}
