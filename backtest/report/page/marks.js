import { data, lowerBound } from './data.js';
import { color, view } from './timechart.js';
import { eventCard, h } from './tooltip.js';

/**
 * Moves as marks in a lane under a chart's zero line: ▲ comes, ▼ goes. There may be a hundred thousand of them: where
 * they crowd, bars up and down count them, and the nearest to the cursor is found by bisection.
 */
export const LANE = 30;
const BUCKET = 4;
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
  let most = 1;
  const from = lowerBound(rows, view.min, (row) => table.at[row]);
  for (let i = from; i < rows.length && table.at[rows[i]] <= view.max; i++) {
    const x = u.valToPos(table.at[rows[i]], 'x');
    const up = comes(rows[i]);
    const key = Math.floor(x / BUCKET) * 2 + (up ? 1 : 0);
    const bucket = buckets.get(key) ?? { x, up, counts: [0, 0, 0] };
    buckets.set(key, bucket);
    bucket.counts[urgency(table, rows[i])]++;
    most = Math.max(most, sum(bucket.counts));
  }
  const { ctx } = u;
  const middle = u.valToPos(0, 'y', true) + (LANE / 2) * ratio;
  ctx.save();
  ctx.fillStyle = color('lane');
  ctx.fillRect(u.bbox.left, middle - (LANE / 2) * ratio, u.bbox.width, LANE * ratio);
  for (const { x, up, counts } of buckets.values()) {
    const left = u.bbox.left + x * ratio;
    if (most === 1) triangle(ctx, left, middle, up, colorOf(counts.indexOf(1), up), ratio);
    else bar(ctx, u.bbox.left + Math.floor(x / BUCKET) * BUCKET * ratio, middle, up, counts, most, ratio);
  }
  ctx.restore();
}

const sum = (counts) => counts.reduce((a, b) => a + b, 0);
const colorOf = (rank, up) => color(rank === 2 ? 'unmet' : rank === 1 ? 'surprise' : up ? 'in' : 'out');

function triangle(ctx, x, middle, up, fill, ratio) {
  const y = middle + (up ? -6 : 6) * ratio;
  const side = 4 * ratio * (up ? -1 : 1);
  ctx.fillStyle = fill;
  ctx.beginPath();
  ctx.moveTo(x, y + side);
  ctx.lineTo(x - 4 * ratio, y - side);
  ctx.lineTo(x + 4 * ratio, y - side);
  ctx.fill();
}

/** As high as there are moves (as a root, so that a single one is seen), what is urgent at its root. */
function bar(ctx, left, middle, up, counts, most, ratio) {
  const all = sum(counts);
  const high = Math.max(2.5, Math.sqrt(all / most) * (LANE / 2 - 2)) * ratio;
  let done = 0;
  for (const rank of [2, 1, 0]) {
    if (counts[rank] === 0) continue;
    const part = (counts[rank] / all) * high;
    ctx.fillStyle = colorOf(rank, up);
    ctx.fillRect(left, up ? middle - done - part : middle + done, (BUCKET - 1) * ratio, part);
    done += part;
  }
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
  ring.style.top = `${u.valToPos(0, 'y') + LANE / 2 + (up ? -6 : 6)}px`;
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
