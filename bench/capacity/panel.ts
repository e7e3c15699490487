import type { Outcome } from '../../backtest/model/model.ts';
import { hoursAt } from '../../backtest/model/pareto.ts';
import { USUAL } from '../../backtest/policies/usual.ts';
import { type Html, html } from '../../backtest/report/html.ts';
import { floorAt } from './floor.ts';
import { percent } from './print.ts';
import { type Cell, type Front, OURS } from './study.ts';

const SIZE = { width: 520, height: 300 };
const PLOT = { left: 44, right: SIZE.width - 12, top: 12, bottom: SIZE.height - 40 };
/** Unmet shares drawn beyond those asked for, as factors. */
const BEYOND = { low: 1 / 3, high: 3 };
const POINTS = 72;

interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

/** One trace and size: hours over the clairvoyant's at the same unmet share (log), first delay only. */
export function panel(cell: Cell, shares: readonly number[], styles: Readonly<Record<string, string>>): Html {
  const fronts: Front[] = [
    ...cell.fronts[0]!.filter(({ policy }) => policy !== OURS),
    { policy: 'ours, perfect forecasts', outcomes: cell.perfect },
    ...cell.fronts[0]!.filter(({ policy }) => policy === OURS),
  ];
  const x = shareScale(Math.min(...shares) * BEYOND.low, Math.max(...shares) * BEYOND.high);
  const y = ratioScale(highest(cell, fronts, shares));
  const id = `clip-${cell.trace.replaceAll(/\W/g, '-')}-${cell.size}`;
  return html`<figure><h2>${cell.trace} <small>${cell.size} instances at a shard's peak</small></h2>
<svg viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-label="Hours over the clairvoyant's against unmet load on ${cell.trace}">
<clipPath id="${id}"><rect x="${PLOT.left}" y="${PLOT.top}" width="${PLOT.right - PLOT.left}" height="${PLOT.bottom - PLOT.top}"/></clipPath>
<rect class="beyond" x="${PLOT.left}" y="${y.at(1)}" width="${PLOT.right - PLOT.left}" height="${PLOT.bottom - y.at(1)}"/>
${y.ticks.map((tick) => html`<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${y.at(tick)}" y2="${y.at(tick)}"/><text text-anchor="end" x="${PLOT.left - 7}" y="${y.at(tick) + 4}">${tick.toFixed(2)}</text>`)}
${x.ticks.map((tick) => html`<line class="grid" x1="${x.at(tick)}" x2="${x.at(tick)}" y1="${PLOT.top}" y2="${PLOT.bottom}"/><text text-anchor="middle" x="${x.at(tick)}" y="${PLOT.bottom + 17}">${percent(tick)}</text>`)}
${shares.map((share) => html`<line class="asked" x1="${x.at(share)}" x2="${x.at(share)}" y1="${PLOT.top}" y2="${PLOT.bottom}"/>`)}
<text text-anchor="end" x="${PLOT.right}" y="${SIZE.height - 4}">unmet load, log scale →</text>
<g clip-path="url(#${id})">
${fronts.map((front) => drawn(front, cell, x, y, styles[front.policy] ?? 'static'))}
</g>
</svg>
<figcaption>${shares.map((share) => sentence(cell, share))}${usualSentence(cell)}</figcaption></figure>`;
}

function drawn({ policy, outcomes }: Front, cell: Cell, x: Scale, y: Scale, style: string): Html {
  const [only] = outcomes;
  if (only === undefined) return html``;
  const at = (unmet: number, hours: number) => `${x.at(unmet)} ${y.at(hours / floorAt(cell.floor, unmet))}`;
  if (outcomes.length === 1) {
    const [cx, cy] = at(only.unmet, only.hours).split(' ');
    return html`<circle class="dot ${style}" cx="${cx!}" cy="${cy!}" r="4.5"><title>${policy}: ${only.knobs}</title></circle>`;
  }
  const points = between(outcomes, x).map((unmet) => at(unmet, hoursAt(outcomes, unmet)!));
  return points.length < 2
    ? html``
    : html`<path class="front ${style}" d="M${points.join('L')}"><title>${policy}</title></path>`;
}

/** Unmet shares over the drawn width at which a front is known; it is not drawn beyond its ends. */
function between(front: readonly Outcome[], x: Scale): number[] {
  const [low, high] = [x.ticks[0]! / 10, x.ticks.at(-1)! * 10];
  const from = Math.max(low, front[0]!.unmet);
  const to = Math.min(high, front.at(-1)!.unmet);
  if (!(to > from)) return [];
  return Array.from({ length: POINTS + 1 }, (_, i) => Math.min(to, from * (to / from) ** (i / POINTS)));
}

function sentence(cell: Cell, share: number): Html {
  const bound = floorAt(cell.floor, share);
  const ratios = cell.fronts[0]!.flatMap(({ policy, outcomes }) => {
    const hours = hoursAt(outcomes, share);
    return hours === undefined ? [] : [{ policy, over: hours / bound }];
  });
  const ours = ratios.find(({ policy }) => policy === OURS);
  const [peer] = ratios.filter(({ policy }) => policy !== OURS).sort((a, b) => a.over - b.over);
  return html`<div>${percent(share)} unmet: <b>ours ${ours?.over.toFixed(3) ?? 'never'}</b>, best peer ${peer ? `${peer.over.toFixed(3)} (${peer.policy})` : 'never'}</div>`;
}

/** The usual settings stand far above the others, mostly outside of the picture. */
function usualSentence(cell: Cell): Html {
  const usual = cell.fronts[0]!.find(({ policy }) => policy === USUAL.name)?.outcomes[0];
  if (usual === undefined) return html``;
  const over = usual.hours / floorAt(cell.floor, usual.unmet);
  return html`<div>${USUAL.name}: ${over.toFixed(2)} at ${usual.unmet > 0 ? percent(usual.unmet) : 'no load'} unmet</div>`;
}

/** Highest ratio of the dynamic peers at the shares asked for: what stands above it is cut off. */
function highest(cell: Cell, fronts: readonly Front[], shares: readonly number[]): number {
  const ratios = fronts
    .filter(({ policy }) => policy !== 'static-peak' && policy !== 'aws-usual')
    .flatMap(({ outcomes }) =>
      shares.map((share) => (hoursAt(outcomes, share) ?? 0) / floorAt(cell.floor, share)),
    );
  return Math.max(1.02, ...ratios);
}

function shareScale(low: number, high: number): Scale {
  const at = (value: number) => {
    const part = Math.log(Math.max(value, 1e-12) / low) / Math.log(high / low);
    return round(PLOT.left + part * (PLOT.right - PLOT.left));
  };
  const ticks = [-7, -6, -5, -4, -3, -2, -1, 0].flatMap((power) =>
    [1, 2, 5].map((factor) => factor * 10 ** power),
  );
  return { ticks: ticks.filter((tick) => tick >= low && tick <= high), at };
}

function ratioScale(high: number): Scale {
  const rough = (high - 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const count = Math.ceil((high - 1) / step);
  const low = 1 - 0.35 * step;
  const at = (value: number) =>
    round(PLOT.bottom - ((value - low) / (1 + count * step - low)) * (PLOT.bottom - PLOT.top));
  return { ticks: Array.from({ length: count + 1 }, (_, i) => 1 + i * step), at };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
