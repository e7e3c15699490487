import type { Reason } from '../../core/capacity/plan.ts';
import type { Seconds } from '../../core/time.ts';
import { methodWords, movedWords, unusualWords } from './forecast-words.ts';
import { formatNumber, formatSpan, formatTime } from './page/format.js';
import type { ActionRecord } from './run-record.ts';
import type { ShardState, ToldInterruption, ToldMove } from './story.ts';
import { actionSubject, actionWords, placeWords, RULE_WORDS } from './words.ts';

/** The texts of `explain`: a head line per happening, then indented lines: why, what else, and how it ended. */

export function clock(at: Seconds): string {
  return `${formatTime(at)} UTC`;
}

/** What is known of a shard at one time. @param unit of its load */
export function stateLines(
  { load, unmet, capacity, forecast, said, inShadow }: ShardState,
  unit: string,
): string[] {
  const amount = (value: number) => `${formatNumber(value)} ${unit}`;
  const lines = [`Its load was ${load === undefined ? 'not measured' : amount(load)}`];
  if (forecast !== undefined) {
    const said = forecast.map(formatNumber).join(' / ');
    lines[0] += `; the forecast made one lead time before said ${said} (10 / 50 / 90 %)`;
  }
  if (capacity !== undefined) lines.push(`Capacity in service was ${amount(capacity)}`);
  if (capacity !== undefined && unmet !== undefined)
    lines[1] += unmet > 0 ? `, and ${amount(unmet)} was not served` : ', and all of it was served';
  if (inShadow !== undefined)
    lines.push(
      `It was in shadow: nothing is moved for it, but the plan would give it ${amount(inShadow.want)}`,
    );
  const why = inShadow?.reason === undefined ? [] : whyLines(inShadow.reason, unit);
  return [...lines.map((line) => `${line}.`), ...saidLines(said, unit), ...why];
}

/** Which experts carried a forecast, what moved it, and why the newest load was unusual. */
function saidLines(
  { method, moved = [], unusual }: NonNullable<ShardState['said']> = {},
  unit: string,
): string[] {
  return [
    ...(method === undefined || method === '' ? [] : [`The forecast was carried by ${methodWords(method)}.`]),
    ...(moved.length === 0 ? [] : [`It was moved by ${moved.map(movedWords).join('; ')}.`]),
    ...(unusual === undefined ? [] : [`Its load was unusual ${unusualWords(unusual, unit)}.`]),
  ];
}

/** @param unit of the shard that the reason speaks of */
export function moveLines({ at, move, outcome, doneAt, error }: ToldMove, unit: string): string[] {
  const [from, to] = [placeWords(move.from), placeWords(move.to)].map((place) =>
    place === 'ready pool' ? 'the ready pool' : place,
  );
  return [
    `${clock(at)}: slice ${move.slice} goes from ${from} to ${to}.`,
    ...whyLines(move.reason, unit),
    `  Outcome: ${outcomeWords(outcome, doneAt === undefined ? undefined : doneAt - at)}${error === undefined ? '' : ` (${error})`}.`,
  ];
}

export function actionLines({ at, action }: ActionRecord): string[] {
  return [`${clock(at)}: ${actionSubject(action)}: ${actionWords(action)}.`, ...whyLines(action.reason, '')];
}

export function interruptionLines(one: ToldInterruption): string[] {
  const served = one.shards.length === 0 ? 'It served no shard' : `It served ${one.shards.join(', ')}`;
  const zone = one.zone === undefined ? '' : ` in zone ${one.zone}`;
  const absorbed =
    one.absorbed === undefined
      ? ''
      : `; ${one.absorbed} of its ${one.slices} slices had a replacement in service before it was gone`;
  const warned = [
    one.rebalanceAt === undefined ? [] : [`a rebalance recommendation came at ${clock(one.rebalanceAt)}`],
    one.noticeAt === undefined ? [] : [`the notice at ${clock(one.noticeAt)}`],
  ].flat();
  return [
    `${clock(one.noticeAt ?? one.goneAt)}: Spot takes instance ${one.instance}${zone}, gone at ${clock(one.goneAt)}.`,
    `  Warning: ${warned.length === 0 ? 'none' : warned.join(', ')}.`,
    `  ${served}${absorbed}.`,
  ];
}

function whyLines(reason: Reason, unit: string): string[] {
  const amount = (value: number) => `${formatNumber(value)} ${unit}`.trim();
  const lines = [`  Why: ${RULE_WORDS[reason.rule]} (rule ${reason.rule}).`];
  const { ahead, forecast, need, have, value, considered } = reason;
  const when = ahead === undefined ? '' : `, ${formatSpan(ahead)} ahead`;
  if (forecast !== undefined) {
    lines.push(
      `  Forecast${when}: ${amount(forecast.median)} in the middle, ${formatNumber(forecast.q90)} at 90 %, ${formatNumber(forecast.q99)} at 99 %.`,
    );
  } else if (ahead !== undefined) lines.push(`  Decided for ${formatSpan(ahead)} ahead.`);
  if (need !== undefined && have !== undefined) {
    lines.push(`  Need ${amount(need)}, have ${amount(have)}: ${balance(need, have, unit)}.`);
  } else if (need !== undefined) lines.push(`  Need: ${amount(need)}.`);
  else if (have !== undefined) lines.push(`  Have: ${amount(have)}.`);
  if (value !== undefined) {
    // No verdict: the minutes after it and what switching costs are weighed too.
    const times = value < 0.01 ? 'less than 0.01' : formatNumber(value);
    lines.push(`  In that minute alone the slice serves load worth ${times} times its cost.`);
  }
  for (const one of considered ?? []) lines.push(`  Also considered: ${one}.`);
  return lines;
}

function balance(need: number, have: number, unit: string): string {
  const gap = Math.abs(need - have);
  if (gap === 0) return 'just enough';
  return `${`${formatNumber(gap)} ${unit}`.trim()} ${need > have ? 'short' : 'to spare'}`;
}

function outcomeWords(outcome: ToldMove['outcome'], after: Seconds | undefined): string {
  const later = after === undefined ? '' : `, ${formatSpan(after)} later`;
  switch (outcome) {
    case 'done':
      return `done${later}`;
    case 'failed':
      return `failed${later}; the slice went back`;
    case 'lost-claim':
      return 'dropped, because another workflow held the slice';
    case 'open':
      return 'still under way when the run ended';
    case 'under-way':
      return 'still under way';
  }
}
