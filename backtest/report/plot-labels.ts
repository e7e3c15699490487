import type { Shape } from './front-plot.ts';
import { formatChange } from './headline.ts';
import { type Html, html } from './html.ts';
import { formatNumber, formatPercent } from './page/format.js';
import { spread } from './plot-scale.ts';
import type { Trace } from './plot-trace.ts';
import type { Comparison } from './run-record.ts';

/** From line to line of a label (px). */
const LINE = 14;

/** Labels stand in a column right of the plot, what needs most on top; a lonely dot has its own beside it. */
export function labelsOf(traces: readonly Trace[], comparison: Comparison, shape: Shape): Html {
  const { box, labels } = shape;
  const column = traces.filter((trace) => !isLonely(trace, shape)).sort((a, b) => neededBy(b) - neededBy(a));
  const texts = column.map((trace) => wrapped(nameOf(trace), labels.chars));
  const places = spread(
    column.map(({ end }) => end.y),
    texts.map((lines) => LINE * lines.length + labels.gap),
    box.top + 4,
    box.bottom + 12,
  );
  const heads =
    shape.name === 'wide'
      ? ['ours against it, at our unmet load']
      : ['ours against it,', 'at our unmet load'];
  return html`${heads.map((head, i) => html`<text class="axis" x="${labels.x - labels.lead}" y="${box.top - 22 + 13 * (i + 1 - heads.length)}">${head}</text>`)}
${column.map((trace, i) => inColumn(trace, texts[i]!, places[i]!, comparison, shape))}
${traces.filter((trace) => isLonely(trace, shape)).map((trace) => beside(trace, comparison))}`;
}

function isLonely({ line, dot }: Trace, { name, box }: Shape): boolean {
  const room = (box.right - box.left) * 0.4;
  return name === 'wide' && line.length === 0 && dot.beyond !== 'up' && dot.x < box.left + room;
}

/** What never gets to our unmet load stands on top, with what needs most. */
function neededBy({ same }: Trace): number {
  return same ?? Number.MAX_VALUE;
}

function nameOf({ result, kind, line, dot }: Trace): string {
  const beyond = line.length === 0 && dot.beyond !== undefined;
  return beyond || kind === 'ours' ? `${result.policy}, ${formatNumber(result.hours)}\u00a0h` : result.policy;
}

function inColumn(
  trace: Trace,
  lines: readonly string[],
  place: number,
  comparison: Comparison,
  { box, labels }: Shape,
): Html {
  const { kind, end, line } = trace;
  const first = place + 4 - (LINE / 2) * (lines.length - 1);
  const start = end.x + (line.length === 0 ? 7 : 3);
  const leader = `M${start} ${end.y}H${box.right + 6}L${labels.x - (kind === 'ours' ? 8 : labels.lead)} ${place}`;
  return html`<path class="lead" d="${leader}"/><text class="change ${kind}" text-anchor="end" x="${labels.x - 10}" y="${place + 4}">${changeOf(trace, comparison)}</text>${lines.map((text, i) => html`<text class="${kind}" x="${labels.x}" y="${first + LINE * i}">${text}</text>`)}
`;
}

function beside(trace: Trace, comparison: Comparison): Html {
  const { result, kind, dot } = trace;
  const x = dot.x + 12;
  return html`<text class="${kind}" x="${x}" y="${dot.y - 2}">${result.policy}</text><text class="small" x="${x}" y="${dot.y + 13}">${formatNumber(result.hours)} h, ${formatPercent(result.unmet)} unmet; ours ${changeOf(trace, comparison)}</text>
`;
}

function changeOf({ kind, same }: Trace, { ours }: Comparison): string {
  if (kind === 'ours') return '';
  return same === undefined ? '–' : formatChange(ours.hours, same);
}

/** Greedy; a word longer than a line stays whole. */
function wrapped(text: string, chars: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= chars)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
