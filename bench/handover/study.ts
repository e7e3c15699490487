import { type Copied, measureCopy } from './copying.ts';
import { MBIT, type Place } from './link.ts';
import { handOver } from './scenario.ts';

export const MIB = 1024 * 1024;

/** One line of the result. Times in seconds, rates in MB/s. */
export interface Row {
  readonly stateMiB: number;
  readonly linkMbits: number;
  readonly dirtyPercent: number;
  readonly precopied: boolean;
  readonly copyMBps?: number;
  readonly firstCopyMBps?: number;
  readonly rawMBps?: number;
  readonly rsyncMBps?: number;
  readonly pause?: number;
  readonly noticeToRedirect?: number;
  readonly copiedMiB?: number;
  readonly peakMiB: number;
  /** `done`, `failed: …`, or `copied` where nothing was interrupted. */
  readonly outcome: string;
  readonly outrun?: boolean;
}

export interface Case {
  readonly mib: number;
  readonly mbits: number;
  readonly percent: number;
  readonly precopied?: boolean;
}

/** What the headlines are made of. */
export const HEADLINES = {
  copy: { mib: 1024, mbits: 5000, percent: 0 },
  changing: { mib: 1024, mbits: 5000, percent: 10 },
  precopied: { mib: 1024, mbits: 780, percent: 1, precopied: true },
} as const satisfies Record<string, Case>;

const SIZES = [16, 256, 1024, 4096];

/** Every size, link and rate of change; what takes minutes and says the same as its neighbour is left out. */
export const CASES: readonly Case[] = [
  ...SIZES.flatMap((mib) => [0, 1, 10, 20].map((percent) => ({ mib, mbits: 5000, percent }))),
  ...SIZES.flatMap((mib) =>
    (mib > 1024 ? [0, 1] : [0, 1, 10, 20]).map((percent) => ({ mib, mbits: 780, percent })),
  ),
  HEADLINES.precopied,
];

export const isSame = (a: Case, b: Case) =>
  a.mib === b.mib && a.mbits === b.mbits && a.percent === b.percent && !a.precopied === !b.precopied;

const megabytes = (bytes: number) => Math.round(bytes / 1e5) / 10;
const mebibytes = (bytes: number) => Math.round(bytes / MIB);

/** Measures one case: an interruption, and where nothing changes also the copy alone beside its peers. */
export async function measure(
  place: Place,
  { mib, mbits, percent, precopied = false }: Case,
): Promise<Row[]> {
  await place.shape(mbits * MBIT);
  const common = { stateMiB: mib, linkMbits: mbits, dirtyPercent: percent, precopied };
  const rows: Row[] = [];
  if (percent === 0) rows.push({ ...common, ...rowOf(await measureCopy(place, mib * MIB)) });
  const seen = await handOver(place, { bytes: mib * MIB, dirty: percent / 100, precopied });
  rows.push({
    ...common,
    ...(seen.phase === 'done' && { pause: seen.pause, noticeToRedirect: seen.redirect }),
    copiedMiB: mebibytes(seen.copied),
    peakMiB: mebibytes(seen.peak),
    outcome: seen.phase === 'done' ? 'done' : `failed: ${seen.error}`,
    outrun: seen.outrun,
  });
  return rows;
}

const rowOf = ({ copy, first, raw, rsync, peak }: Copied) => ({
  copyMBps: megabytes(copy),
  firstCopyMBps: megabytes(first),
  rawMBps: megabytes(raw),
  ...(rsync !== undefined && { rsyncMBps: megabytes(rsync) }),
  peakMiB: mebibytes(peak),
  outcome: 'copied',
});
