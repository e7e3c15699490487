import { formatChange } from './headline.ts';
import { type Html, html } from './html.ts';
import { formatNumber, formatPercent, formatShort } from './page/format.js';
import { labelsOf } from './plot-labels.ts';
import { rangeOf } from './plot-range.ts';
import { type Box, hoursScale, type Scale, unmetScale } from './plot-scale.ts';
import { type Trace, tracesOf } from './plot-trace.ts';
import type { Comparison } from './run-record.ts';

/** A picture's measures (px). Text keeps its size, so screens and phones get a picture each. */
export interface Shape {
  readonly name: 'wide' | 'narrow';
  readonly width: number;
  readonly height: number;
  readonly box: Box;
  /** Where names start, how long their lines may be (characters), the margin between, and how far before names leaders end. */
  readonly labels: {
    readonly x: number;
    readonly chars: number;
    readonly gap: number;
    readonly lead: number;
  };
}

export const WIDE: Shape = {
  name: 'wide',
  width: 1140,
  height: 420,
  box: { left: 64, right: 760, top: 40, bottom: 366 },
  labels: { x: 866, chars: 44, gap: 13, lead: 66 },
};
export const NARROW: Shape = {
  name: 'narrow',
  width: 360,
  height: 470,
  box: { left: 40, right: 160, top: 44, bottom: 420 },
  labels: { x: 222, chars: 21, gap: 11, lead: 57 },
};

/**
 * Instance-hours against unmet load (log) as SVG: each policy's front as a line and its chosen point as a dot, what
 * a clairvoyant needs as the edge of the impossible. No script, so that it prints and scales.
 */
export function frontPlot(comparison: Comparison, shape: Shape): Html {
  const { box, width, height, name } = shape;
  const range = rangeOf(comparison);
  const x = unmetScale(range.unmet, box);
  const y = hoursScale(range.hours, box);
  const traces = tracesOf(comparison, box, x, y);
  const ourX = traces.at(-1)!.dot.x;
  return html`<svg class="fronts ${name}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Instance-hours against unmet load, a line per policy; the table below has the numbers">
<clipPath id="box-${name}"><rect x="${box.left}" y="${box.top}" width="${box.right - box.left}" height="${box.bottom - box.top}"/></clipPath>
${axes(shape, x, y)}
<g clip-path="url(#box-${name})">${traces.map((trace) => impossible(trace, box))}</g>
<text class="axis inside" x="${box.left + 10}" y="${box.bottom - 10}">${name === 'wide' ? 'not even a clairvoyant can be here' : 'impossible'}</text>
<line class="same" x1="${ourX}" x2="${ourX}" y1="${box.top}" y2="${box.bottom}"/>
${traces.map((trace) => drawn(trace, name, comparison))}
${labelsOf(traces, comparison, shape)}
</svg>`;
}

function axes({ box, height, name }: Shape, x: Scale, y: Scale): Html {
  const decades = x.ticks.filter((tick) => Number.isInteger(Math.log10(tick)));
  const ticks = name === 'wide' || decades.length < 2 ? x.ticks : decades;
  return html`${y.ticks.map((tick) => html`<line class="grid" x1="${box.left}" x2="${box.right}" y1="${y.at(tick)}" y2="${y.at(tick)}"/><text class="axis" text-anchor="end" x="${box.left - 8}" y="${y.at(tick) + 4}">${name === 'wide' ? formatNumber(tick) : formatShort(tick)}</text>`)}
${ticks.map((tick) => html`<text class="axis" text-anchor="middle" x="${x.at(tick)}" y="${box.bottom + 20}">${formatPercent(tick)}</text>`)}
<text class="axis" x="0" y="${box.top - 22}">instance-hours</text>
<text class="axis" text-anchor="end" x="${box.right}" y="${height - 10}">unmet load →</text>`;
}

/** Below the clairvoyant's line, and below its first point further left: less unmet load never needs less. */
function impossible({ kind, line }: Trace, box: Box): Html {
  if (kind !== 'bound' || line.length === 0) return html``;
  const edge = `M${box.left} ${line[0]![1]}L${line.map(([x, y]) => `${x} ${y}`).join('L')}`;
  return html`<path class="impossible" d="${edge}V${box.bottom}H${box.left}Z"/><path class="bound" d="${edge}"/>`;
}

function drawn({ result, kind, line, dot, same }: Trace, name: string, { ours }: Comparison): Html {
  const facts = `${result.policy}: ${formatNumber(result.hours)} instance-hours, ${formatPercent(result.unmet)} unmet (${result.knobs})`;
  const equal =
    kind === 'ours' || same === undefined
      ? ''
      : `; ours against it at equal unmet load ${formatChange(ours.hours, same)}`;
  const path =
    line.length === 0 || kind === 'bound'
      ? html``
      : html`<path clip-path="url(#box-${name})" d="M${line.map(([x, y]) => `${x} ${y}`).join('L')}"/>`;
  return html`<g class="policy ${kind}"><title>${facts}${equal}</title>${path}${marker(dot, kind)}</g>
`;
}

function marker({ x, y, beyond }: Trace['dot'], kind: Trace['kind']): Html {
  if (beyond === undefined)
    return html`<circle cx="${x}" cy="${y}" r="${kind === 'ours' ? 7.5 : kind === 'bound' ? 3.5 : 4.5}"/>`;
  const turn = { up: 0, right: 90, down: 180, left: 270 }[beyond];
  return html`<path class="arrow" transform="translate(${x} ${y}) rotate(${turn})" d="M-5 9L0 0L5 9Z"/>`;
}
