import { data, lowerBound } from './data.js';
import { color, view } from './timechart.js';
import { eventCard, h } from './tooltip.js';

/**
 * Moves as marks in a lane under a chart's zero line: ▲ comes, ▼ goes. There may be a hundred thousand of them, so
 * each few pixels show one of each kind (what failed or was unforeseen first), and the nearest is found by bisection.
 */
export const LANE = 30;
const BUCKET = 6;
const REACH = 12;

/** @param {any} table @param {(row: number) => boolean} [belongs] */
export function rowsOf(table, belongs = () => true) {
  const rows = [];
  for (let row = 0; row < table.at.length; row++) if (belongs(row)) rows.push(row);
  return rows;
}

/** @param {{ table: any, rows: number[], comes: (row: number) => boolean }} marks */
export function drawMarks(u, { table, rows, comes }) {
  const ratio = devicePixelRatio || 1;
  const buckets = new Map();
  const from = lowerBound(rows, view.min, (row) => table.at[row]);
  for (let i = from; i < rows.length && table.at[rows[i]] <= view.max; i++) {
    const x = u.valToPos(table.at[rows[i]], 'x');
    const key = Math.floor(x / BUCKET) * 2 + (comes(rows[i]) ? 1 : 0);
    const rank = urgency(table, rows[i]);
    if (!(buckets.get(key)?.rank >= rank)) buckets.set(key, { x, rank, up: comes(rows[i]) });
  }
  const { ctx } = u;
  const zero = u.valToPos(0, 'y', true);
  ctx.save();
  ctx.fillStyle = color('grid');
  ctx.globalAlpha = 0.55;
  ctx.fillRect(u.bbox.left, zero, u.bbox.width, LANE * ratio);
  ctx.globalAlpha = 1;
  for (const { x, rank, up } of buckets.values()) {
    const middle = zero + (up ? 9 : 21) * ratio;
    const side = 4 * ratio * (up ? -1 : 1);
    const left = u.bbox.left + x * ratio;
    ctx.fillStyle = color(rank === 2 ? 'unmet' : rank === 1 ? 'surprise' : up ? 'in' : 'out');
    ctx.beginPath();
    ctx.moveTo(left, middle + side);
    ctx.lineTo(left - 4 * ratio, middle - side);
    ctx.lineTo(left + 4 * ratio, middle - side);
    ctx.fill();
  }
  ctx.restore();
}

function urgency({ words }, row) {
  if (words.outcome.dictionary[words.outcome.index[row]] === 'failed') return 2;
  return data.unforeseen.includes(words.rule.dictionary[words.rule.index[row]]) ? 1 : 0;
}

/** The mark nearest to the cursor, in the lane's half that it is over, as tooltip content; rings it. */
export function markTip(u, marks, unit) {
  const { table, rows, comes } = marks;
  const ring = u.over.querySelector('.ring') ?? u.over.appendChild(h('div', 'ring'));
  const depth = u.cursor.top - u.valToPos(0, 'y');
  const wanted = depth < 0 ? undefined : depth < LANE / 2;
  const near = lowerBound(rows, u.posToVal(u.cursor.left, 'x'), (row) => table.at[row]);
  const distance = (i) => Math.abs(u.valToPos(table.at[rows[i]], 'x') - u.cursor.left);
  let best = -1;
  for (const step of [1, -1]) {
    for (let i = step > 0 ? near : near - 1; i >= 0 && i < rows.length && distance(i) <= REACH; i += step) {
      if (wanted !== undefined && comes(rows[i]) !== wanted) continue;
      if (best < 0 || distance(i) < distance(best)) best = i;
      break;
    }
  }
  ring.style.display = best < 0 ? 'none' : 'block';
  if (best < 0) return [];
  const up = comes(rows[best]);
  ring.style.left = `${u.valToPos(table.at[rows[best]], 'x')}px`;
  ring.style.top = `${u.valToPos(0, 'y') + (up ? 9 : 21)}px`;
  const card = eventCard(table, rows[best], unit);
  const others = countAround(u, marks, best) - 1;
  if (others > 0) card.append(h('p', 'more', `and ${others} more right here: zoom in to tell them apart`));
  return [card];
}

function countAround(u, { table, rows }, best) {
  const half = (u.posToVal(BUCKET, 'x') - u.posToVal(0, 'x')) / 2;
  const at = table.at[rows[best]];
  const time = (row) => table.at[row];
  return lowerBound(rows, at + half + 1e-6, time) - lowerBound(rows, at - half, time);
}
