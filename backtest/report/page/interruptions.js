import { data, times } from './data.js';
import { formatTime } from './format.js';
import { color, timeChart, valueAxis, view } from './timechart.js';
import { facts, h } from './tooltip.js';

/** Spot interruptions: one row per zone; a full disc was absorbed, a half one in part, a ring not at all. */
export function interruptionChart(element) {
  const zones = [...new Set(data.interruptions.map(({ zone }) => zone))].sort();
  const row = ({ zone }) => zones.length - 1 - zones.indexOf(zone);
  timeChart(
    element,
    async () => zones,
    () => ({
      values: [times, Array.from(times, () => null)],
      options: {
        axes: [
          // Zones' names stand inside, so that the time axis lies under those of the other charts.
          valueAxis({ splits: () => zones.map((_, i) => i), values: () => [] }),
        ],
        scales: { y: { range: [-0.6, zones.length - 0.4] } },
        series: [{}, { points: { show: false } }],
        hooks: {
          draw: [
            (u) => {
              zones.forEach((zone) => {
                drawName(u, zone, row({ zone }));
              });
              for (const one of data.interruptions) drawOne(u, one, row(one));
            },
          ],
        },
        cursor: { points: { show: false } },
      },
      tip: (u) => {
        const near = nearest(u, row);
        return near ? [card(near)] : [h('div', 'when', `${formatTime(u.posToVal(u.cursor.left, 'x'))} UTC`)];
      },
    }),
  );
}

function drawName(u, zone, row) {
  const { ctx } = u;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.font = `${12 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'alphabetic';
  ctx.fillStyle = color('soft');
  ctx.fillText(zone, u.bbox.left + 2 * ratio, u.valToPos(row, 'y', true) - 5 * ratio);
  ctx.restore();
}

function drawOne(u, { goneAt, absorbed, slices }, row) {
  if (goneAt < view.min || goneAt > view.max) return;
  const { ctx } = u;
  const ratio = devicePixelRatio || 1;
  const [x, y, radius] = [u.valToPos(goneAt, 'x', true), u.valToPos(row, 'y', true), 5.5 * ratio];
  const whole = absorbed >= slices;
  ctx.save();
  ctx.fillStyle = ctx.strokeStyle = color(whole ? 'capacity' : absorbed > 0 ? 'surprise' : 'unmet');
  ctx.lineWidth = 2 * ratio;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.stroke();
  ctx.beginPath();
  if (whole) ctx.arc(x, y, radius, 0, 2 * Math.PI);
  else if (absorbed > 0) ctx.arc(x, y, radius, Math.PI / 2, 1.5 * Math.PI);
  ctx.fill();
  ctx.restore();
}

function nearest(u, row) {
  let best;
  let least = 16;
  for (const one of data.interruptions) {
    const away = Math.hypot(
      u.valToPos(one.goneAt, 'x') - u.cursor.left,
      u.valToPos(row(one), 'y') - u.cursor.top,
    );
    if (away < least) [best, least] = [one, away];
  }
  return best;
}

function card({ instance, zone, rebalanceAt, noticeAt, goneAt, shards, absorbed, slices }) {
  const time = (at) => (at === undefined ? 'none' : `${formatTime(at)} UTC`);
  return h(
    'div',
    '',
    h('div', 'when', `${instance} in ${zone}`),
    facts([
      ['rebalance recommended', time(rebalanceAt)],
      ['notice', time(noticeAt)],
      ['gone', time(goneAt)],
      ['served', shards.join(', ') || 'no shard'],
      ['replaced in time', `${absorbed} of ${slices}`],
    ]),
  );
}
