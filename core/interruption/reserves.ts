import { MIB } from '../bytes.ts';
import { predictCopy } from '../hand-over/predict.ts';
import type { ReservesSettings } from '../settings/reserves.ts';
import type { Seconds } from '../time.ts';
import { byStake, type Exposure } from './exposure.ts';
import type { ReserveRequest, SliceRisk, SpotPool } from './risk.ts';

/** One reserve that is worth its price. */
export interface ReserveNeed {
  readonly shard: string;
  /** More shards that it is held for: in other pools, which fail independently of the first one's. */
  readonly also: readonly string[];
  /** Where it must not be. */
  readonly avoid?: SpotPool;
  /** Where it should be: the state is large. */
  readonly zone?: string;
  /** An interruption has been announced: there may be no time for a slow start. */
  readonly urgent: boolean;
  /** Expected $ saved over the $ that it costs. Infinite where it was asked for. */
  readonly value: number;
  /** Id of the request that asked for it. */
  readonly request?: string;
  readonly until: Seconds;
}

export interface ReserveInput {
  readonly exposures: readonly Exposure[];
  /** Slices reserved in each Spot pool, by key: they go with it. */
  readonly reserved: ReadonlyMap<string, number>;
  readonly requests: readonly ReserveRequest[];
  readonly settings: ReservesSettings;
  /** $ of a reserved slice for an hour. */
  readonly price: number;
  /** From the decision until a launched reserve is there: what goes within that time goes together. */
  readonly lead: Seconds;
  readonly now: Seconds;
  /** How many times as much of a shard there will be by then. @default as much */
  readonly activity?: (shard: string) => number;
}

/** Shards that one reserve is held for at most: its item has to stay small. */
const MOST_SHARED = 40;
const HOUR = 3600;
/** A copy that takes longer than this is large: it should not cross zones. Half of what a notice leaves. */
const LARGE: Seconds = 50;

/**
 * Which reserves are worth holding, the best first.
 *
 * The slices of one pool go together, so each needs a reserve of its own; those of different pools rarely do, and share:
 * the j-th reserve is for the j-th slice of every pool. It is used when pools are lost within one lead time that have j
 * slices or more between them; how likely that is comes from all pools at once, each lost by itself with its own
 * likelihood. Reserves in Spot pools are lost with them, and count as their slices do.
 *
 * Where nothing is announced, a reserve is only needed for what comes unannounced: before the rest, there is time to
 * start one. One is held as long as likelihood × cost × `lossCost` comes to more than its price.
 */
export function neededReserves(input: ReserveInput): ReserveNeed[] {
  const { exposures, settings, price, lead, now } = input;
  const asked = requested(input);
  const most = settings.max - asked.length;
  if (most <= 0) return asked.slice(0, settings.max);
  const used = usedWithin(input, most);
  // What is announced in different pools may go at once: it shares nothing.
  const [shared, told] = [
    exposures.filter((one) => !one.announced),
    exposures.filter((one) => one.announced),
  ];
  const lists = [...shared.map(entriesOf), told.flatMap(entriesOf).sort(before)];
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  const all = lists.flat().sort(before);
  const needs: ReserveNeed[] = [];
  for (let j = 0; j < most && longest > 0; j++) {
    // Past the longest list only several pools at once call for more: any of their slices.
    const layer = lists.flatMap((list) => list[j % longest] ?? []).sort(before);
    const value = (used[j]! * (HOUR / lead) * settings.lossCost * costOf(layer)) / price;
    if (value < 1) break;
    const [{ risk: first, announced }] = layer as [Entry];
    // After those of its layer come all others, as far as there is room: then who needs it may have it.
    const also = [...new Set([...layer, ...all].map(({ risk }) => risk.shard))].filter(
      (shard) => shard !== first.shard,
    );
    needs.push({
      shard: first.shard,
      also: also.slice(0, MOST_SHARED),
      avoid: first.pool!,
      ...(isLarge(first, settings) && { zone: first.pool!.zone }),
      urgent: announced,
      value,
      until: now + settings.hold,
    });
  }
  return [...asked, ...needs];
}

/** A slice at risk, with what its pool says. */
interface Entry {
  readonly risk: SliceRisk;
  readonly hazard: number;
  readonly announced: boolean;
}

const entriesOf = ({ slices, hazard, announced }: Exposure): Entry[] =>
  slices.map((risk) => ({ risk, hazard, announced }));

const before = (a: Entry, b: Entry) => Number(b.announced) - Number(a.announced) || byStake(a.risk, b.risk);

/** Mean cost of what the layer protects, by how likely each is lost. */
function costOf(layer: readonly Entry[]): number {
  let [sum, weights] = [0, 0];
  for (const { risk, hazard } of layer) {
    sum += hazard * risk.cost.total;
    weights += hazard;
  }
  return weights > 0 ? sum / weights : 0;
}

/** What was asked for, the soonest to end last; not shared, because who asked counts on it. */
function requested({ requests, exposures, now }: ReserveInput): ReserveNeed[] {
  return requests
    .filter(({ until }) => until > now)
    .sort((a, b) => b.until - a.until || (a.id < b.id ? -1 : 1))
    .flatMap(({ id, shard, count, until }) => {
      const [first] = exposures
        .flatMap(({ slices }) => slices.filter((risk) => risk.shard === shard))
        .sort(byStake);
      const need: ReserveNeed = {
        shard,
        also: [],
        ...(first?.pool && { avoid: first.pool }),
        urgent: false,
        value: Number.POSITIVE_INFINITY,
        request: id,
        until,
      };
      return Array.from({ length: count }, () => need);
    });
}

/** For each j: how likely more than j reserves are called for within one lead time. */
function usedWithin(
  { exposures, reserved, settings, lead, activity = () => 1 }: ReserveInput,
  most: number,
): Float64Array {
  let chance = new Float64Array(most + 1);
  chance[0] = 1;
  for (const { key, slices, hazard, announced } of exposures) {
    // What is announced ties its reserves up until it goes: the others need theirs besides.
    const p = announced ? 1 : (1 - Math.exp(-hazard * lead)) * settings.unannounced;
    const expected = slices.reduce((sum, { shard }) => sum + activity(shard), 0);
    const size = Math.ceil(expected - 1e-9) + (reserved.get(key) ?? 0);
    const next = new Float64Array(most + 1);
    for (let n = 0; n <= most; n++) {
      if (chance[n] === 0) continue;
      next[n]! += chance[n]! * (1 - p);
      next[Math.min(most, n + size)]! += chance[n]! * p;
    }
    chance = next;
  }
  const more = new Float64Array(most);
  let above = 0;
  for (let j = most - 1; j >= 0; j--) {
    above += chance[j + 1]!;
    more[j] = above;
  }
  return more;
}

/** Seconds that a slice's state takes to another instance, over a link of its own. Infinite where it cannot be copied. */
export function copySeconds(
  { stateMiB, dirtyMiBps }: Pick<SliceRisk, 'stateMiB' | 'dirtyMiBps'>,
  { gbps }: Pick<ReservesSettings, 'gbps'>,
): Seconds {
  const { precopy, pause, outrun } = predictCopy({
    stateBytes: stateMiB * MIB,
    dirtyBytesPerSecond: dirtyMiBps * MIB,
    bytesPerSecond: (gbps * 1e9) / 8,
    fixedPause: 0,
  });
  return outrun ? Number.POSITIVE_INFINITY : precopy + pause;
}

/** Whether the state of a slice should not go to another zone. */
export const isLarge = (risk: SliceRisk, settings: Pick<ReservesSettings, 'gbps'>) =>
  copySeconds(risk, settings) > LARGE;
