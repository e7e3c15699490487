import type { Seconds } from '../../core/time.ts';
import { carriedBy, coverageWords, movedWords, strongest, unusualWords } from './forecast-words.ts';
import { type Html, html } from './html.ts';
import { formatSpan } from './page/format.js';
import type { RunRecord, ShardRecord } from './run-record.ts';

/** Causes, and times of unusual load, that a card names. */
const MOST = 4;

/** Each shard's forecast as a fan over the load as it came, how often it held, and what carried and moved it. */
export function forecastSection(run: RunRecord): Html {
  // Runs that were made before this was recorded.
  if (!run.shards.some(({ said, coverage }) => said !== undefined || coverage !== undefined)) return html``;
  const { warm, activate } = run.settings.fleet.leadTimes;
  const key = (color: string, name: string, shape: string) =>
    html`<span style="--c:var(--${color})"><i class="${shape}"></i>${name}</span>`;
  const units = new Map(run.settings.shards.map(({ name, capacity }) => [name, capacity.unit]));
  const end = run.start + run.fleet.active.length * run.step;
  const unusual = run.shards.some(({ said = [] }) => said.some((note) => note.unusual !== undefined));
  const many = run.shards.length > MANY ? ' many' : '';
  return html`<section id="forecasts"><header><h2>Forecast against load</h2>
<p>As it was said one lead time (${formatSpan(warm.seconds + activate.seconds)}: a warm start and the activation) before each minute.</p></header>
<div class="legend">${key('load', 'load', 'rule')}${key('median', 'median', 'rule dash')}${key('band', '10 – 90 %', '')}${key('fan', '1 – 99 %', '')}${unusual ? key('surprise', 'unusual load', '') : html``}<span style="--c:var(--load)"><b>▪</b>load of one minute</span><span style="--c:var(--unmet)"><b>▪</b>outside of 1 – 99 %</span></div>
<div class="stack${many}" id="fans">${run.shards.map((shard, i) => fanCard(shard, i, units.get(shard.name) ?? '', end))}</div></section>`;
}

/** As in the section of the shards. */
const MANY = 20;

function fanCard(
  { name, coverage, said = [] }: ShardRecord,
  index: number,
  unit: string,
  end: Seconds,
): Html {
  const carried = carriedBy(said, end);
  const moved = strongest(said);
  const unusual = said.flatMap((note, i) =>
    // One stretch of unusual load has several notes; its last one knows most.
    note.unusual !== undefined && said[i + 1]?.unusual?.since !== note.unusual.since ? [note.unusual] : [],
  );
  const more = (all: readonly unknown[]) => (all.length > MOST ? `; and ${all.length - MOST} more` : '');
  const fact = (head: string, text: string) =>
    html`<p class="fact"><b>${head}</b> ${text.replaceAll(' %', '\u00a0%')}</p>`;
  return html`<div class="card fan" data-name="${name}">
<div class="head"><h3>${name}</h3><span class="stats">${coverage === undefined ? '' : coverageWords(coverage)}</span></div>
<div class="chart" data-chart="fan" data-index="${index}" role="img" aria-label="Quantiles of the forecast and the load as it came${coverage === undefined ? '' : `; ${coverageWords(coverage)}`}"></div>
<h4>Single minutes, in per cent of the median</h4><div class="chart" data-chart="miss" data-index="${index}" role="img" aria-label="Quantiles, and load of single minutes, in per cent above and below the median"></div>
${carried === undefined || carried === '' ? html`` : fact('Carried by', `${carried}.`)}${moved.length === 0 ? html`` : fact('Moved by', `${moved.slice(0, MOST).map(movedWords).join('; ')}${more(moved)}.`)}${
  unusual.length === 0
    ? html``
    : fact(
        'Unusual',
        `${unusual
          .slice(0, MOST)
          .map((one) => unusualWords(one, unit))
          .join('. ')}${more(unusual)}.`,
      )
}</div>
`;
}
