import { formatStamp } from '../../core/settings/stamp.ts';
import { DAY } from '../../core/time.ts';
import type { View } from './context.ts';
import { type Colours, escapeHtml, short } from './html.ts';
import type { ShardSeries } from './series.ts';

const HEIGHT = 146;
const TOP = 38;
const BOTTOM = 16;
const LEFT = 40;
const RIGHT = 8;

/** One shard as an SVG: forecast band, load, capacity. No script, no outside reference. */
export function chartOf(series: ShardSeries, view: View, width: number, colours: Colours): string {
  const { shard, unit, load, newest, capacity, band, last } = series;
  const { from, to, offset } = view;
  const values = [
    ...load.map((one) => one.load),
    ...capacity.map((one) => one.load),
    ...band.map(({ high }) => high),
  ];
  const top = nice(values.some((value) => value > 0) ? Math.max(...values) : 1);
  const x = (time: number) =>
    LEFT + ((Math.min(to, Math.max(from, time)) - from) / (to - from)) * (width - LEFT - RIGHT);
  const y = (value: number) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const at = (time: number, value: number) => `${round(x(time))},${round(y(value))}`;

  const inView = band.filter(({ time }) => time >= from && time <= to);
  const area = [
    ...inView.map(({ time, high }) => at(time, high)),
    ...inView.toReversed().map(({ time, low }) => at(time, low)),
  ];
  // Capacity holds until the next plan says otherwise.
  const steps = capacity.flatMap(({ time, load: have }, i) => [
    at(time, have),
    at(capacity[i + 1]?.time ?? to, have),
  ]);
  const line = load.map(({ time, load: value }) => at(time, value));
  const said = `${newest === undefined ? 'no load' : `${short(newest.load)} of ${short(last?.have ?? 0)} ${unit}`}${last === undefined ? '' : `, ${last.mode}`}`;
  const text = (px: number, py: number, content: string, more = '') =>
    `<text x="${px}" y="${py}" fill="${colours.faint}" font-size="10" ${more}>${escapeHtml(content)}</text>`;
  const grid = [0, 0.5, 1]
    .map((share) => {
      const py = round(y(top * share));
      const rule = `<line x1="${LEFT}" x2="${width - RIGHT}" y1="${py}" y2="${py}" stroke="${colours.line}"/>`;
      return rule + text(LEFT - 4, py + 3, short(top * share), 'text-anchor="end"');
    })
    .join('');
  return `<svg role="img" aria-label="${escapeHtml(`${shard}: ${said}`)}" width="${width}" height="${HEIGHT}" viewBox="0 0 ${width} ${HEIGHT}" style="background:${colours.back}">
<title>${escapeHtml(`${shard}: ${said}`)}</title>
<text x="4" y="13" fill="${colours.text}" font-size="12" font-weight="bold">${escapeHtml(shard)}</text>
${text(4, 26, said)}
${grid}
${area.length < 4 ? '' : `<polygon points="${area.join(' ')}" fill="${colours.band}" fill-opacity="0.75"/>`}
${steps.length === 0 ? '' : `<polyline points="${steps.join(' ')}" fill="none" stroke="${colours.capacity}" stroke-width="1.5" stroke-dasharray="5 2"/>`}
${line.length === 0 ? '' : `<polyline points="${line.join(' ')}" fill="none" stroke="${colours.load}" stroke-width="1.5"/>`}
${text(LEFT, HEIGHT - 4, clock(from, offset, to - from))}
${text(width - RIGHT, HEIGHT - 4, clock(to, offset, to - from), 'text-anchor="end"')}
</svg>`;
}

const round = (value: number) => Math.round(value * 10) / 10;

/** The next of 1, 2, 2.5, 5 × a power of ten: scales of neighbours are easy to compare. */
function nice(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].find((step) => value <= step * power * 1.000001)! * power;
}

/** Time of day on the reader's clock; with the day where the range is long. */
function clock(time: number, offset: number, span: number): string {
  const stamp = formatStamp(time + offset);
  return span > DAY ? `${stamp.slice(5, 10)} ${stamp.slice(11, 16)}` : stamp.slice(11, 16);
}
