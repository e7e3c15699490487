import { data, end } from './data.js';
import { formatDay, formatShort, formatTime } from './format.js';
import { hideTip, showTip } from './tooltip.js';

/**
 * What all charts over time share: the visible range, the cursor, the axes, and a life only while near the screen.
 * Charts far away are taken down, so that a hundred shards cost as much as six.
 */
const live = new Map();
export const view = { min: data.start, max: end };
const whole = () => view.min === data.start && view.max === end;
const listeners = [];

export function onView(listener) {
  listeners.push(listener);
  listener(whole());
}

/** Zooms every chart, the ones still to come too. */
export function setView(min, max) {
  const low = Math.max(data.start, min);
  const high = Math.min(end, max);
  if (!(high - low >= data.step) || (low === view.min && high === view.max)) return;
  Object.assign(view, { min: low, max: high });
  for (const plot of live.values()) {
    plot.setScale('x', { ...view });
  }
  for (const listener of listeners) listener(whole());
}

export const resetView = () => setView(data.start, end);

/** Asking the page for a colour takes as long as drawing a bar with it. */
const colors = new Map();

export function color(name) {
  if (!colors.has(name))
    colors.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
  return colors.get(name);
}

const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

function timeAxis() {
  return {
    stroke: color('faint'),
    font: FONT,
    grid: { stroke: color('grid'), width: 1 },
    ticks: { show: false },
    space: 68,
    // One line where no label has a second one.
    size: (_, labels) => (labels?.some((label) => label.includes('\n')) ? 44 : 28),
    gap: 8,
    values: (_, splits, __, ___, step) =>
      splits.map((time, i) => {
        const day = formatDay(time).slice(4);
        if (step >= 86_400) return day;
        const clock = formatTime(time).slice(11);
        const newDay = i === 0 || formatDay(splits[i - 1]) !== formatDay(time);
        return newDay ? `${clock}\n${day}` : clock;
      }),
  };
}

export function valueAxis(extra = {}) {
  return {
    stroke: color('faint'),
    font: FONT,
    grid: { stroke: color('grid'), width: 1 },
    ticks: { show: false },
    size: 56,
    splits: (_, __, ___, max, step) =>
      Array.from({ length: Math.floor(max / step) + 1 }, (____, i) => i * step),
    values: (_, splits) => splits.map(formatShort),
    ...extra,
  };
}

/** From 0, with room on top and `lane` pixels under the zero line for marks. */
export function fromZero(lane = 0) {
  return (u, _, max) => {
    const top = (max > 0 ? max : 1) * 1.06;
    const height = Math.max(lane + 10, u.bbox.height / devicePixelRatio || 150);
    return [-(top * lane) / (height - lane), top];
  };
}

const charts = new Map();

/**
 * @template T
 * @param {HTMLElement} element
 * @param {() => Promise<T>} load unpacks what the chart needs, once
 * @param {(loaded: T) => { values: any[], options: any, tip: (u: any) => Node[] }} describe
 */
export function timeChart(element, load, describe) {
  const chart = {
    near: false,
    loaded: undefined,
    load: async () => {
      chart.loaded ??= await load();
    },
    build: () => {
      if (live.has(element) || !chart.loaded) return;
      const { values, options, tip } = describe(chart.loaded);
      const plot = new uPlot(plotOptions(element, options, tip), values, element);
      plot.over.addEventListener('mouseleave', hideTip);
      live.set(element, plot);
      element.dataset.drawn = 'yes';
    },
    destroy: () => {
      live.get(element)?.destroy();
      live.delete(element);
      delete element.dataset.drawn;
    },
  };
  charts.set(element, chart);
  watcher.observe(element);
}

function plotOptions(element, options, tip) {
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    tzDate: (time) => uPlot.tzDate(new Date(time * 1000), 'Etc/UTC'),
    legend: { show: false },
    padding: [8, 24, 0, 0],
    ...options,
    axes: [timeAxis(), ...options.axes],
    scales: { x: { time: true, ...view }, ...options.scales },
    cursor: cursorOptions(options.cursor),
    hooks: {
      ...options.hooks,
      setScale: [
        (u, key) => {
          if (key !== 'x') return;
          const { min, max } = u.scales.x;
          element.dataset.range = `${min},${max}`;
          setView(min, max);
        },
      ],
      setCursor: [(u) => u.over.matches(':hover') && follow(u, tip)],
    },
  };
}

function cursorOptions(extra) {
  return {
    y: false,
    drag: { x: true, y: false, dist: 6 },
    // Zooming is shared by setView, which also reaches charts that are not there yet; uPlot shares the cursor only.
    sync: {
      key: 'time',
      scales: ['x', null],
      filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' },
    },
    bind: { dblclick: () => resetView },
    points: { size: 7, width: 1.5, show: true },
    ...extra,
  };
}

function follow(u, tip) {
  const { left, top } = u.cursor;
  if (left < 0) return hideTip();
  const box = u.over.getBoundingClientRect();
  showTip(box.left + left, box.top + top, tip(u));
}

const watcher = new IntersectionObserver(
  async (entries) => {
    for (const { target, isIntersecting } of entries) {
      const chart = charts.get(target);
      chart.near = isIntersecting;
      if (!isIntersecting) chart.destroy();
    }
    for (const { target } of entries) {
      const chart = charts.get(target);
      if (!chart.near) continue;
      await chart.load();
      if (chart.near) chart.build();
    }
  },
  { rootMargin: '500px 0px' },
);

function fit() {
  for (const [element, plot] of live) {
    if (plot.width !== element.clientWidth)
      plot.setSize({ width: element.clientWidth, height: element.clientHeight });
  }
}
new ResizeObserver(fit).observe(document.querySelector('main'));

function redraw() {
  colors.clear();
  for (const chart of charts.values()) {
    chart.destroy();
    if (chart.near) chart.build();
  }
}
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);

/** Unpacks everything while nothing else is to do: printing leaves no time to wait for it. */
export async function loadAll() {
  for (const chart of charts.values()) {
    await new Promise((idle) => (window.requestIdleCallback ?? setTimeout)(idle));
    await chart.load();
  }
}

addEventListener('beforeprint', () => {
  document.documentElement.classList.add('print');
  colors.clear();
  for (const chart of charts.values()) {
    chart.destroy();
    chart.build();
  }
});
addEventListener('afterprint', () => {
  document.documentElement.classList.remove('print');
  redraw();
});
