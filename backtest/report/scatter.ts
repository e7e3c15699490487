import { isBound } from './headline.ts';
import { type Html, html } from './html.ts';
import { formatNumber, formatPercent } from './page/format.js';
import type { Comparison, PolicyResult } from './run-record.ts';

const WIDTH = 1120;
const HEIGHT = 350;
const PLOT = { left: 64, right: WIDTH - 24, top: 34, bottom: HEIGHT - 48 };

/**
 * Instance-hours against unmet load (log) as SVG: a full dot where each policy ended, a ring where the peer stands
 * once it is held to our unmet load. No script, so that it prints and scales.
 */
export function scatterOf(comparison: Comparison): Html {
  const policies = [comparison.ours, ...comparison.peers];
  const x = unmetScale(policies.map(({ unmet }) => unmet));
  const same = new Map(comparison.atOurUnmet.map(({ policy, hours }) => [policy, hours]));
  const y = hoursScale([
    ...policies.map(({ hours }) => hours),
    ...[...same.values()].filter((h) => h !== undefined),
  ]);
  const ourX = x.at(comparison.ours.unmet);
  const places = labels(policies.map((policy) => ({ policy, x: x.at(policy.unmet), y: y.at(policy.hours) })));
  return html`<svg class="scatter" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Instance-hours against unmet load, one dot per policy; the table below has the numbers">
${y.ticks.map((tick) => html`<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${y.at(tick)}" y2="${y.at(tick)}"/><text class="axis" text-anchor="end" x="${PLOT.left - 10}" y="${y.at(tick) + 4}">${formatNumber(tick)}</text>`)}
${x.ticks.map((tick) => html`<text class="axis" text-anchor="middle" x="${x.at(tick)}" y="${PLOT.bottom + 20}">${formatPercent(tick)}</text>`)}
<text class="axis" text-anchor="end" x="${PLOT.right}" y="${HEIGHT - 6}">unmet load, log scale →</text>
<text class="axis" x="4" y="${PLOT.top - 20}">instance-hours ↑</text>
<line class="same" x1="${ourX}" x2="${ourX}" y1="${PLOT.top}" y2="${PLOT.bottom}"/>
${comparison.peers.map((peer) => equalUnmet(peer, ourX, x.at(peer.unmet), y, same.get(peer.policy)))}
${places.map(({ policy, x: cx, y: cy, labelY, left }) => {
  const kind = policy === comparison.ours ? 'ours' : 'peer';
  const dx = left ? -12 : 12;
  return html`<line class="lead" x1="${cx}" y1="${cy}" x2="${cx + dx}" y2="${labelY}"/><circle class="${kind}" cx="${cx}" cy="${cy}" r="${kind === 'ours' ? 8 : 5.5}"><title>${policy.policy}: ${formatNumber(policy.hours)} instance-hours, ${formatPercent(policy.unmet)} unmet</title></circle><text class="${kind}" text-anchor="${left ? 'end' : 'start'}" x="${cx + dx}" y="${labelY + 4}">${policy.policy}${isBound(policy.policy) ? ' (a bound)' : ''}</text>`;
})}
</svg>`;
}

interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

function equalUnmet(peer: PolicyResult, ourX: number, x: number, y: Scale, hours: number | undefined): Html {
  if (hours === undefined) return html``;
  return html`<line class="to" x1="${x}" y1="${y.at(peer.hours)}" x2="${ourX}" y2="${y.at(hours)}"/><circle class="at" cx="${ourX}" cy="${y.at(hours)}" r="4"><title>${peer.policy} at our unmet load: ${formatNumber(hours)} instance-hours</title></circle>`;
}

/** Decades; a log scale has no place for 0, so it stands one decade below the smallest. */
function unmetScale(values: readonly number[]): Scale {
  const positive = values.filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...positive, 1)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive, 1e-9))));
  const zero = values.some((value) => value <= 0);
  const from = zero ? low - 1 : low;
  const at = (value: number) => {
    const share = ((value > 0 ? Math.log10(value) : from) - from) / (high - from);
    return round(PLOT.left + 30 + share * (PLOT.right - PLOT.left - 60));
  };
  const decades = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  return { ticks: zero ? [0, ...decades] : decades, at };
}

function hoursScale(values: readonly number[]): Scale {
  const low = Math.min(...values);
  const high = Math.max(...values, low * 1.01, low + 1e-9);
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const from = Math.max(0, Math.floor(low / step) * step);
  const count = Math.ceil((high - from) / step);
  const at = (value: number) =>
    round(PLOT.bottom - ((value - from) / (count * step)) * (PLOT.bottom - PLOT.top));
  return { ticks: Array.from({ length: count + 1 }, (_, i) => from + i * step), at };
}

interface Place {
  readonly policy: PolicyResult;
  readonly x: number;
  readonly y: number;
}

/** Labels beside their dots, pushed down where they would lie on the one above. */
function labels(places: readonly Place[]): (Place & { readonly labelY: number; readonly left: boolean })[] {
  let last = Number.NEGATIVE_INFINITY;
  return [...places]
    .sort((a, b) => a.y - b.y)
    .map((place) => {
      last = Math.max(place.y, last + 17);
      return { ...place, labelY: last, left: place.x > WIDTH * 0.68 };
    });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
