import { type Html, html } from '../../backtest/report/html.ts';
import type { Trace } from '../../bench/handover/trace.ts';

/** A trace as SVG: who answered how many requests, what went over the link in which round, and the pause close up. */

const WIDTH = 1000;
const LEFT = 64;
const RIGHT = 984;
/** Seconds of a bar. */
const BAR = 0.1;
/** Seconds around the pause in the close-up, to either side of its middle. */
const CLOSE = 0.75;
/** Seconds that are shown before the notice, and after the load balancer was told. */
const [BEFORE, AFTER] = [1, 1.5];

interface Panel {
  readonly top: number;
  readonly bottom: number;
}
const ANSWERS: Panel = { top: 96, bottom: 226 };
const LINK: Panel = { top: 286, bottom: 406 };
const PAUSE: Panel = { top: 490, bottom: 540 };
export const HEIGHT = 580;

export function handOverPlot(trace: Trace): Html {
  const [from, to] = [-BEFORE, Math.ceil((trace.followed + AFTER) * 2) / 2];
  const x = (time: number) => round(LEFT + ((time - from) / (to - from)) * (RIGHT - LEFT));
  const last = trace.answers.old.at(-1) ?? Number.NaN;
  const first = trace.answers.new[0] ?? Number.NaN;
  const every = [1, 2, 5, 10].find((seconds) => (to - from) / seconds <= 20) ?? 30;
  const ticks = Array.from({ length: Math.floor(to / every) + 1 }, (_, i) => i * every);
  const axis = ({ bottom }: Panel) =>
    ticks.map(
      (s) => html`<text class="axis" text-anchor="middle" x="${x(s)}" y="${bottom + 20}">${s} s</text>`,
    );
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="One hand-over: requests answered, bytes on the link, and the pause">
<text class="head" x="0" y="${ANSWERS.top - 46}">Requests answered <tspan class="old">by the old holder</tspan> and <tspan class="new">by the new one</tspan><tspan class="axis">, per 100 ms, as one client sees it</tspan></text>
${answerBars(trace, x, from, to)}
<text class="head" x="0" y="${LINK.top - 30}">Megabytes from old to new<tspan class="axis">, per 100 ms</tspan></text>
${linkBars(trace, x, from, to)}${axis(LINK)}
${mark(x(0), 'notice', 'middle')}
${mark(x((last + first) / 2), 'state and requests pass', 'end')}
${mark(x(trace.followed), 'load balancer follows', x(trace.followed) > RIGHT - 80 ? 'end' : 'middle')}
${closeUp(trace, last, first)}
</svg>`;
}

function mark(at: number, words: string, anchor: 'middle' | 'end'): Html {
  return html`<line class="mark" x1="${at}" x2="${at}" y1="${ANSWERS.top - 16}" y2="${LINK.bottom}"/><text class="said" text-anchor="${anchor}" x="${at}" y="${ANSWERS.top - 22}">${words}</text>`;
}

/** Stacked: in the bar of the switch both may have answered. */
function answerBars(trace: Trace, x: (time: number) => number, from: number, to: number): Html {
  const { old, new: fresh } = trace.answers;
  const bars = Math.round((to - from) / BAR);
  const count = (times: readonly number[]) => {
    const counts = new Array<number>(bars).fill(0);
    for (const time of times) {
      const bar = Math.floor((time - from) / BAR);
      if (bar >= 0 && bar < bars) counts[bar] = counts[bar]! + 1;
    }
    return counts;
  };
  const [before, after] = [count(old), count(fresh)];
  const most = Math.max(...before.map((n, i) => n + after[i]!));
  const y = scale(ANSWERS, most);
  const width = x(from + BAR) - x(from) - 1;
  return html`${grid(y, most)}${before.map((n, i) => {
    const left = round(x(from + i * BAR));
    const [foot, middle, top] = [y(0), y(n), y(n + after[i]!)];
    return html`${rect('old', left, middle, width, foot - middle)}${rect('new', left, top, width, middle - top)}`;
  })}`;
}

function linkBars(trace: Trace, x: (time: number) => number, from: number, to: number): Html {
  const bars = Math.round((to - from) / BAR);
  const sums = new Array<number>(bars).fill(0);
  for (const { from: start, to: end, bytes } of trace.link) {
    const bar = Math.floor(((start + end) / 2 - from) / BAR);
    if (bar >= 0 && bar < bars) sums[bar] = sums[bar]! + bytes / 1e6;
  }
  const most = Math.max(...sums, (trace.linkMbits / 8) * BAR);
  const y = scale(LINK, most);
  const width = x(from + BAR) - x(from) - 1;
  const roundAt = (time: number) => trace.rounds.findLastIndex((one) => one.from <= time);
  return html`${grid(y, most)}${sums.map((sum, i) =>
    sum < most / 500
      ? html``
      : rect(
          `round${roundAt(from + (i + 0.6) * BAR) % 2 === 0 ? '' : ' odd'}`,
          round(x(from + i * BAR)),
          y(sum),
          width,
          y(0) - y(sum),
        ),
  )}${roundLabels(trace, x)}`;
}

/** Above each round what it carried, the last one by its name; each label keeps clear of the one before. */
function roundLabels({ rounds }: Trace, x: (time: number) => number): Html {
  let free = LEFT;
  return html`${rounds.map(({ from, to, bytes }, i) => {
    const words = `${i === rounds.length - 1 ? 'last changes: ' : i === 0 ? 'round 1: ' : ''}${Math.round(bytes / 1e6).toLocaleString('en-US')} MB`;
    const start = Math.max(free, i === 0 ? x(from) : Math.min(x((from + to) / 2) - 28, RIGHT));
    free = start + words.length * 8 + 14;
    return html`<text class="said" x="${round(start)}" y="${LINK.top - 6}">${words}</text>`;
  })}`;
}

/** A line for each answer, one by one, around the time in which there was none. */
function closeUp({ answers, quiet, serves }: Trace, last: number, first: number): Html {
  const middle = (last + first) / 2;
  const reach = Math.max(CLOSE, (first - last) * 0.9);
  const x = (time: number) => round(LEFT + ((time - middle + reach) / (2 * reach)) * (RIGHT - LEFT));
  const near = (time: number) => Math.abs(time - middle) < reach;
  const lines = (times: readonly number[], kind: string) =>
    times
      .filter(near)
      .map(
        (time) =>
          html`<line class="${kind}" x1="${x(time)}" x2="${x(time)}" y1="${PAUSE.top}" y2="${PAUSE.bottom}"/>`,
      );
  const { top, bottom } = PAUSE;
  const step = reach > 1 ? 0.5 : 0.25;
  const ticks = Array.from({ length: Math.floor((2 * reach) / step) + 1 }, (_, i) =>
    round3(Math.ceil((middle - reach) / step) * step + i * step),
  ).filter(near);
  return html`<text class="head" x="0" y="${top - 34}">The pause, answer by answer</text>
<rect class="gap" x="${x(last)}" y="${top}" width="${round(x(first) - x(last))}" height="${bottom - top}"/>
${lines(answers.old, 'old')}${lines(answers.new, 'new')}
<text class="pause" text-anchor="middle" x="${x(middle)}" y="${(top + bottom) / 2 + 6}">${(first - last).toFixed(2)} s</text>
<text class="said" text-anchor="end" x="${x(quiet) + 2}" y="${top - 6}">requests are held ↓</text>
<text class="said" x="${x(serves) - 2}" y="${top - 6}">↓ the new holder serves</text>
${ticks.map((time) => html`<text class="axis" text-anchor="middle" x="${x(time)}" y="${bottom + 20}">${time.toFixed(2)} s</text>`)}`;
}

const rect = (kind: string, x: number, y: number, width: number, height: number): Html =>
  height <= 0
    ? html``
    : html`<rect class="${kind}" x="${x}" y="${round(y)}" width="${round(width)}" height="${round(height)}"/>`;

const scale =
  ({ top, bottom }: Panel, most: number) =>
  (value: number) =>
    round(bottom - (value / most) * (bottom - top));

function grid(y: (value: number) => number, most: number): Html {
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [0.5, 1, 2, 5].map((factor) => factor * power).find((one) => most / one <= 4) ?? most;
  const values = Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
  return html`${values.map((value) => html`<line class="grid" x1="${LEFT}" x2="${RIGHT}" y1="${y(value)}" y2="${y(value)}"/><text class="axis" text-anchor="end" x="${LEFT - 8}" y="${y(value) + 5}">${value}</text>`)}`;
}

const round = (value: number) => Math.round(value * 10) / 10;
const round3 = (value: number) => Math.round(value * 1000) / 1000;
