import { data, times } from './data.js';
import { formatNumber, formatTime } from './format.js';
import { color, timeChart, valueAxis, view } from './timechart.js';
import { facts, h } from './tooltip.js';

/** Interruptions nearer than this to each other share a disc (px). */
const CLUSTER = 14;
const LARGEST = 10;

/**
 * Spot interruptions: one row per zone; a disc is as green as its slices were replaced in time, and grows with the
 * number of instances where they crowd.
 */
export function interruptionChart(element) {
  const zones = [...new Set(data.interruptions.map(({ zone }) => zone))].sort();
  const inZone = zones.map((zone) =>
    data.interruptions.filter((one) => one.zone === zone).sort((a, b) => a.goneAt - b.goneAt),
  );
  const row = (zone) => zones.length - 1 - zone;
  timeChart(
    element,
    async () => zones,
    () => ({
      values: [times, Array.from(times, () => null)],
      options: {
        axes: [valueAxis({ splits: () => zones.map((_, i) => i), values: () => [] })],
        scales: { y: { range: [-0.5, zones.length - 0.5] } },
        series: [{}, { points: { show: false } }],
        hooks: {
          draw: [
            (u) => {
              zones.forEach((zone, i) => {
                for (const cluster of clustersOf(u, inZone[i])) drawCluster(u, cluster, row(i));
                // Names stand inside, so that the time axis lies under those of the other charts.
                drawName(u, zone, row(i));
              });
            },
          ],
        },
        cursor: { points: { show: false } },
      },
      tip: (u) => {
        const zone = row(Math.round(u.posToVal(u.cursor.top, 'y')));
        const near = clustersOf(u, inZone[zone] ?? []).find(
          ({ x }) => Math.abs(x - u.cursor.left) <= LARGEST + 2,
        );
        return near
          ? [card(near.all)]
          : [h('div', 'when', `${formatTime(u.posToVal(u.cursor.left, 'x'))} UTC`)];
      },
    }),
  );
}

/** @param {any[]} interruptions of one zone, in order of time */
function clustersOf(u, interruptions) {
  const clusters = [];
  for (const one of interruptions) {
    if (one.goneAt < view.min || one.goneAt > view.max) continue;
    const x = u.valToPos(one.goneAt, 'x');
    const last = clusters.at(-1);
    if (last !== undefined && x - last.from < CLUSTER) {
      last.all.push(one);
      last.x = (last.from + x) / 2;
    } else clusters.push({ from: x, x, all: [one] });
  }
  return clusters;
}

const total = (all, key) => all.reduce((n, one) => n + one[key], 0);

function drawCluster(u, { x, all }, row) {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio || 1;
  const [left, top] = [bbox.left + x * ratio, u.valToPos(row, 'y', true)];
  const radius = Math.min(LARGEST, 4.5 + Math.sqrt(all.length)) * ratio;
  const slices = total(all, 'slices');
  const share = slices === 0 ? 1 : total(all, 'absorbed') / slices;
  ctx.save();
  ctx.lineWidth = 2 * ratio;
  ctx.fillStyle = color('card');
  ctx.strokeStyle = color(share >= 1 ? 'capacity' : 'unmet');
  ctx.beginPath();
  ctx.arc(left, top, radius, 0, 2 * Math.PI);
  ctx.fill();
  ctx.stroke();
  ctx.fillStyle = color('capacity');
  ctx.beginPath();
  ctx.moveTo(left, top);
  ctx.arc(left, top, radius - ratio, -Math.PI / 2, (2 * share - 0.5) * Math.PI);
  ctx.fill();
  ctx.restore();
}

function drawName(u, zone, row) {
  const { ctx } = u;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.font = `${12 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'alphabetic';
  ctx.fillStyle = color('soft');
  ctx.fillText(zone, u.bbox.left + 2 * ratio, u.valToPos(row, 'y', true) - 13 * ratio);
  ctx.restore();
}

function card(all) {
  const [{ zone, instance, rebalanceAt, noticeAt, goneAt, shards }] = all;
  const time = (at) => (at === undefined ? 'none' : `${formatTime(at)} UTC`);
  const replaced = ['slices replaced in time', `${total(all, 'absorbed')} of ${total(all, 'slices')}`];
  if (all.length === 1) {
    return h(
      'div',
      '',
      h('div', 'when', `${instance} in ${zone}`),
      facts([
        ['rebalance recommended', time(rebalanceAt)],
        ['notice', time(noticeAt)],
        ['gone', time(goneAt)],
        ['served', shards.join(', ') || 'no shard'],
        replaced,
      ]),
    );
  }
  const warned = all.filter((one) => one.rebalanceAt !== undefined).length;
  return h(
    'div',
    '',
    h('div', 'when', `${formatNumber(all.length)} instances in ${zone}`),
    facts([
      ['gone', `${time(goneAt)} – ${time(all.at(-1).goneAt)}`],
      ['rebalance recommended before', `${warned} of ${all.length}`],
      replaced,
    ]),
  );
}
