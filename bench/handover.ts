import { writeFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { fail } from '../cli/fail.ts';
import { formatTable } from '../cli/table.ts';
import { MBIT, makePlace } from './handover/link.ts';
import { handOver } from './handover/scenario.ts';
import { CASES, type Case, HEADLINES, isSame, MIB, measure, type Row } from './handover/study.ts';
import { writeResult } from './lib/results.ts';

/** A bound that is good: at least, or at most. */
const GOALS = {
  copyVsRaw: { least: 0.8 },
  copyVsRsync: {},
  pauseSeconds1GiB: { most: 1 },
  noticeToRedirectSeconds: { most: 10 },
  peakMiB: { most: 256 },
  noticeToRedirectPrecopied: { most: 10 },
} as const;

/** What a small instance's network carries for long. */
const TRACED: Case = { mib: 256, mbits: 780, percent: 10 };

const command = new Command('bench:handover')
  .description(
    'Copies the state of an instance to its reserve, over a shaped link between two network namespaces.',
  )
  .option('--json <file>', 'write metrics and rows there')
  .option('--quick', 'only what the metrics are made of')
  .option(
    '--trace <file>',
    'instead: one hand-over, second by second, as JSON (for docs/images/hand-over.ts)',
  )
  .exitOverride()
  .configureOutput({ outputError: () => undefined });

const say = (text: string) => process.stderr.write(`${text}\n`);

async function main(args: readonly string[]): Promise<number> {
  command.parse(args, { from: 'user' });
  const { json, quick, trace } = command.opts<{ json?: string; quick?: true; trace?: string }>();
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    say('bench:handover: skipped: network namespaces need root on Linux');
    return 0;
  }
  if (trace !== undefined) return traced(trace);
  const cases: readonly Case[] = quick ? Object.values(HEADLINES) : CASES;
  const place = await makePlace();
  const rows: Row[] = [];
  try {
    for (const one of cases) {
      say(`${one.mib} MiB at ${one.mbits} Mbit/s, ${one.percent} %/s${one.precopied ? ', pre-copied' : ''}`);
      rows.push(...(await measure(place, one)));
    }
  } finally {
    await place.close();
  }
  if (!rows.some(({ rsyncMBps }) => rsyncMBps !== undefined)) say('copyVsRsync: skipped: there is no rsync');
  const metrics = metricsOf(rows);
  console.log(printed(rows, metrics));
  if (json !== undefined) writeResult(json, { metrics, rows });
  return 0;
}

async function traced(file: string): Promise<number> {
  const { mib, mbits, percent } = TRACED;
  const place = await makePlace();
  try {
    await place.shape(mbits * MBIT);
    const wanted = { bytes: mib * MIB, dirty: percent / 100, precopied: false };
    const { phase, error, pause, redirect } = await handOver(place, wanted, (trace) =>
      writeFileSync(file, `${JSON.stringify({ linkMbits: mbits, ...trace })}\n`),
    );
    if (phase !== 'done') throw new Error(`trace: expected a hand-over that is done, got ${phase}: ${error}`);
    say(`${file}: pause ${pause.toFixed(2)} s, notice to redirect ${redirect.toFixed(1)} s`);
    return 0;
  } finally {
    await place.close();
  }
}

function metricsOf(rows: readonly Row[]): Record<string, number> {
  const rowOf = (one: Case, copied: boolean) =>
    rows.find(
      (row) =>
        isSame(one, {
          mib: row.stateMiB,
          mbits: row.linkMbits,
          percent: row.dirtyPercent,
          precopied: row.precopied,
        }) && (row.outcome === 'copied') === copied,
    );
  const copy = rowOf(HEADLINES.copy, true);
  const changing = rowOf(HEADLINES.changing, false);
  const headline = rows.filter(({ stateMiB }) => stateMiB === HEADLINES.copy.mib);
  const metrics = {
    copyVsRaw: ratio(copy?.copyMBps, copy?.rawMBps),
    copyVsRsync: ratio(copy?.copyMBps, copy?.rsyncMBps),
    pauseSeconds1GiB: changing?.pause,
    noticeToRedirectSeconds: changing?.noticeToRedirect,
    peakMiB: Math.max(...headline.map(({ peakMiB }) => peakMiB)),
    noticeToRedirectPrecopied: rowOf(HEADLINES.precopied, false)?.noticeToRedirect,
  };
  // What was not measured, or did not come to its end, has no number.
  return Object.fromEntries(
    Object.entries(metrics).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}

const ratio = (a: number | undefined, b: number | undefined) => (a && b ? a / b : undefined);

function printed(rows: readonly Row[], metrics: Readonly<Record<string, number>>): string {
  const number = (value: number | undefined, digits: number) => value?.toFixed(digits) ?? '';
  const table = formatTable(
    [
      'state MiB',
      'Mbit/s',
      '%/s',
      'pre-copied',
      'copy MB/s',
      'first',
      'raw',
      'rsync',
      'pause s',
      'redirect s',
      'copied MiB',
      'peak MiB',
      'outcome',
    ],
    rows.map((row) => [
      String(row.stateMiB),
      String(row.linkMbits),
      String(row.dirtyPercent),
      row.precopied ? 'yes' : '',
      number(row.copyMBps, 0),
      number(row.firstCopyMBps, 0),
      number(row.rawMBps, 0),
      number(row.rsyncMBps, 0),
      number(row.pause, 2),
      number(row.noticeToRedirect, 1),
      number(row.copiedMiB, 0),
      String(row.peakMiB),
      row.outrun ? `${row.outcome}, outrun` : row.outcome,
    ]),
  );
  const lines = Object.entries(GOALS).map(([name, goal]) => {
    const value = metrics[name];
    const bound = 'least' in goal ? `≥ ${goal.least}` : 'most' in goal ? `≤ ${goal.most}` : '';
    const met =
      value === undefined ||
      ('least' in goal ? value >= goal.least : 'most' in goal ? value <= goal.most : true);
    return [name, value?.toFixed(2) ?? 'not measured', bound, met ? '' : 'missed'];
  });
  return `${table}\n\n${formatTable(['metric', 'value', 'goal', ''], lines)}`;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : fail(error);
}
