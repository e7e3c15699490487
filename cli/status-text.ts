import { unusualWords } from '../backtest/report/forecast-words.ts';
import { formatNumber, formatSpan, formatTime } from '../backtest/report/page/format.js';
import type { Finding } from '../core/capacity/plan.ts';
import { MINUTE } from '../core/time.ts';
import type { ShardStatus, Status } from './status-read.ts';
import { formatTable } from './table.ts';

/** Above these ages the figures are not the present ones, and it is said (s). */
const TICK_LATE = 3 * MINUTE;
const LOAD_LATE = 3 * MINUTE;
const MOST = 20;

/** How a service stands, for a person. */
export function statusText(status: Status): string {
  const { service, at, shards, fleet, findings, failures, openMoves, waits, proposals } = status;
  const moves =
    openMoves.length === 0
      ? 'none'
      : `${openMoves.length}, the oldest for ${formatSpan(at - openMoves[0]!.at)}`;
  return [
    `Service ${service} at ${formatTime(at)} UTC`,
    '',
    shardTable(status),
    `Fleet    ${fleetLine(status)}`,
    `Desired  ${fleet.desired.steady} steady, ${fleet.desired.spot} Spot`,
    `Pool     ${poolLine(status)}`,
    `Plan     ${planLine(status)}`,
    `Moves    under way: ${moves}; waiting for the load balancer: ${waits}`,
    ...listed(
      'Unusual load',
      shards.flatMap(({ shard, unusual, unit }) =>
        unusual === undefined ? [] : [`${shard}: ${unusualWords(unusual, unit)}`],
      ),
    ),
    ...listed('New shards', proposals.map(proposalWords)),
    ...listed('Findings', findings.map(findingWords)),
    ...listed(
      'Failures of the last plan',
      failures.map(({ what, error }) => `${what}: ${error}`),
    ),
    '',
  ].join('\n');
}

function proposalWords({ name, of, key, state, readyBy, blocked }: Status['proposals'][number]): string {
  if (state === 'accepted') return `${name}: accepted, waits for its instances`;
  const can = blocked ?? `foreshard proposals accept ${name}`;
  return `${name} for ${key} of ${of}, ready by ${formatTime(readyBy)} UTC: ${can}`;
}

function shardTable({ shards, lead, at }: Status): string {
  const header = [
    'shard',
    'mode',
    'load',
    `in ${formatSpan(lead)}: 50 %`,
    '90 %',
    'unit',
    'active',
    'coming',
  ];
  return formatTable(
    [...header, 'draining', 'want', 'guarantee'],
    shards.map((one) => [
      one.shard,
      one.mode,
      loadCell(one, at),
      one.forecast === undefined ? '–' : formatNumber(one.forecast.median),
      one.forecast === undefined ? '–' : formatNumber(one.forecast.q90),
      one.unit,
      ...[one.active, one.coming, one.draining, one.want, one.guarantee].map((value) =>
        value === undefined ? '–' : formatNumber(value),
      ),
    ]),
  );
}

function loadCell({ load }: ShardStatus, at: number): string {
  if (load === undefined) return '–';
  // The newest whole minute is one to two minutes old.
  const age = at - load.time;
  return age > LOAD_LATE ? `${formatNumber(load.value)}, ${formatSpan(age)} ago` : formatNumber(load.value);
}

function fleetLine({ fleet: { instances, slices } }: Status): string {
  const more = (['standby', 'draining', 'interrupted', 'retired'] as const)
    .filter((state) => instances[state] > 0)
    .map((state) => `, ${instances[state]} ${state}`);
  const { running, warm, starting, stocking } = instances;
  const ready = `${slices.ready} ready ${slices.ready === 1 ? 'slice' : 'slices'}`;
  const coming = stocking > 0 ? ` and ${stocking} on their way there` : '';
  return `${running} running (${ready}), ${starting} starting, ${warm} warm${coming}${more.join('')}`;
}

function poolLine({ fleet: { pool } }: Status): string {
  if (pool === undefined) return 'not planned yet';
  const [ready, target, bound] = [pool.ready, pool.target, pool.bound].map(formatNumber);
  return `${ready} ready at the last plan, target ${target}, bound ${bound}`;
}

function planLine({ plannedAge, goodTickAge }: Status): string {
  if (plannedAge === undefined) return 'none yet; the first comes within a minute of the deploy';
  const good = goodTickAge === undefined ? 'none' : `${formatSpan(Math.round(goodTickAge))} ago`;
  const late =
    (goodTickAge ?? Number.POSITIVE_INFINITY) > TICK_LATE ? ' – LATE, see the runbook of its alarm' : '';
  return `made ${formatSpan(Math.round(plannedAge))} ago, last good tick ${good}${late}`;
}

function findingWords(one: Finding): string {
  const age = 'age' in one ? (Number.isFinite(one.age) ? `for ${formatSpan(one.age)}` : 'so far') : '';
  switch (one.kind) {
    case 'GuaranteeAtRisk':
      return `GuaranteeAtRisk: ${one.shard} has ${formatNumber(one.have)} of ${formatNumber(one.guarantee)} guaranteed instances`;
    case 'PoolExhausted':
      return `PoolExhausted: ${formatNumber(one.wanted)} slices wanted, ${formatNumber(one.had)} were ready`;
    case 'FleetAtMax':
      return `FleetAtMax: ${formatNumber(one.wanted)} slices wanted above fleet.max (${one.max})`;
    case 'LoadLate':
      return `LoadLate: nothing was measured of ${one.shard} ${age}`;
    case 'ForecastLate':
      return `ForecastLate: no forecast of ${one.shard} ${age}`;
    case 'ForecastAnomaly': {
      const { kind, load, median, withheld } = one.unusual;
      const then = withheld ? 'not believed, the size is held' : 'believed';
      return `ForecastAnomaly: load of ${one.shard} is ${formatNumber(load)} (${kind}; ${formatNumber(median)} expected), ${then}`;
    }
  }
}

function listed(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const rest = lines.length - MOST;
  return [
    '',
    `${title}:`,
    ...lines.slice(0, MOST).map((one) => `  ${one}`),
    ...(rest > 0 ? [`  … and ${rest} more`] : []),
  ];
}
