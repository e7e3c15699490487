import { data, events, fleetSeries, times } from './data.js';
import { formatMoney, formatNumber, formatTime } from './format.js';
import { drawMarks, LANE, markTip, rowsOf } from './marks.js';
import { color, fromZero, steps, timeChart, valueAxis } from './timechart.js';
import { facts, h } from './tooltip.js';

const STACK = ['active', 'activating', 'draining', 'ready', 'starting'];

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
        series: [
          {},
          // The whole stack first, then each smaller sum over it.
          ...STACK.toReversed().map((name) => ({
            fill: color(name),
            width: 0,
            paths: steps,
            points: { show: false },
          })),
          { stroke: color('stopped'), width: 1.4, dash: [5, 4], paths: steps, points: { show: false } },
        ],
        hooks: { draw: [(u) => drawMarks(u, marks)] },
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

/** The ready pool against its target and its bound. */
export function poolChart(element) {
  timeChart(element, fleetSeries, ({ ready, readyTarget }) => ({
    values: [times, ready, readyTarget, times.map(() => data.readyMax)],
    options: {
      axes: [valueAxis()],
      scales: { y: { range: fromZero() } },
      series: [
        {},
        {
          stroke: color('ready'),
          fill: `${color('ready')}40`,
          width: 1.4,
          paths: steps,
          points: { show: false },
        },
        { stroke: color('load'), width: 1.2, dash: [4, 3], paths: steps, points: { show: false } },
        { stroke: color('unmet'), width: 1.2, points: { show: false } },
      ],
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

/** Dollars per hour, and their sum on the right axis. */
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
        axes: [
          valueAxis({ values: dollars }),
          valueAxis({ values: dollars, scale: 'sum', side: 1, size: 64, grid: { show: false } }),
        ],
        scales: { y: { range: fromZero() }, sum: { range: [0, Math.max(spent, 1e-9) * 1.06] } },
        series: [
          {},
          {
            stroke: color('active'),
            fill: `${color('active')}33`,
            width: 1.3,
            paths: steps,
            points: { show: false },
          },
          { stroke: color('load'), width: 1.4, dash: [5, 4], scale: 'sum', points: { show: false } },
        ],
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
