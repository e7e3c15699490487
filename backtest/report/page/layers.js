import { data } from './data.js';
import { view } from './timechart.js';

/**
 * Series drawn by ourselves: as exact steps while there is a pixel for each, else as the mean of a few steps each, with
 * the range between their least and most behind it, so that seven noisy values per pixel still read as a line.
 */

/** Steps that share a column, counted from the run's start, so that nothing shimmers when the view moves. */
function grouping(u, width) {
  const perPixel = (view.max - view.min) / data.step / u.over.clientWidth;
  const size = Math.max(1, Math.ceil(perPixel * width * 0.8));
  const first = Math.max(0, Math.floor((view.min - data.start) / data.step / size));
  const last = Math.min(
    Math.ceil(data.steps / size) - 1,
    Math.ceil((view.max - data.start) / data.step / size),
  );
  return { size, first, count: last - first + 1 };
}

/**
 * What draws on one chart: thins out series and puts them on its canvas, inside the plot only.
 * @param {number} [width] about how wide a column is (px)
 */
export function layersOf(u, width = 1) {
  const { size, first, count } = grouping(u, width);
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio || 1;
  const at = (group) =>
    u.valToPos(data.start + Math.min(data.steps, (first + group) * size) * data.step, 'x', true);
  const edges = Float64Array.from({ length: count + 1 }, (_, group) => at(group));
  const height = (value) => u.valToPos(value, 'y', true);

  /** @returns {{ mean: Float64Array, least: Float64Array, most: Float64Array }} one value per group of steps */
  function thin(values) {
    const [mean, least, most] = [0, 1, 2].map(() => new Float64Array(count).fill(Number.NaN));
    for (let group = 0; group < count; group++) {
      let [sum, n, low, high] = [0, 0, Infinity, -Infinity];
      const end = Math.min(data.steps, (first + group + 1) * size);
      for (let i = (first + group) * size; i < end; i++) {
        const value = values[i];
        if (Number.isNaN(value)) continue;
        sum += value;
        n++;
        if (value < low) low = value;
        if (value > high) high = value;
      }
      if (n > 0) [mean[group], least[group], most[group]] = [sum / n, low, high];
    }
    return { mean, least, most };
  }

  /** Follows values from group to group, forwards or backwards: in steps, or from middle to middle. */
  function follow(values, from, to) {
    for (let group = from; group !== to; group += Math.sign(to - from)) {
      const y = height(typeof values === 'number' ? values : values[group]);
      const [left, right] = [edges[group], edges[group + 1]];
      if (size > 1) ctx.lineTo((left + right) / 2, y);
      else {
        ctx.lineTo(to > from ? left : right, y);
        ctx.lineTo(to > from ? right : left, y);
      }
    }
  }

  /** Calls back for each stretch [from, to) without missing values. */
  function stretches(values, draw) {
    for (let from = 0; from < count; from++) {
      if (Number.isNaN(values[from])) continue;
      let to = from + 1;
      while (to < count && !Number.isNaN(values[to])) to++;
      ctx.beginPath();
      draw(from, to);
      from = to;
    }
  }

  /** Between two levels, each a value per group or one for all. */
  function area(top, bottom, fill, alpha = 1) {
    ctx.fillStyle = fill;
    ctx.globalAlpha = alpha;
    stretches(top, (from, to) => {
      follow(top, from, to);
      follow(bottom, to - 1, from - 1);
      ctx.fill();
    });
    ctx.globalAlpha = 1;
  }

  function line(values, stroke, width, dash = []) {
    ctx.strokeStyle = stroke;
    ctx.lineWidth = width * ratio;
    ctx.lineJoin = 'round';
    ctx.setLineDash(dash.map((length) => length * ratio));
    stretches(values, (from, to) => {
      follow(values, from, to);
      ctx.stroke();
    });
    ctx.setLineDash([]);
  }

  /** Runs `draw` clipped to the plot. */
  function inside(draw) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    draw();
    ctx.restore();
  }

  return { u, ctx, ratio, size, first, count, edges, height, thin, area, line, inside };
}

/** For uPlot, which scales the axes and finds the cursor's step but leaves the drawing to the layers. */
export const undrawn = { paths: () => null, points: { show: false } };
