import { PK } from '../../adapters/aws/table.ts';
import { shardRef } from '../../core/api/ids.ts';
import { ApiProblem } from '../../core/api/problem.ts';
import type { HandOver } from '../../core/hand-over/record.ts';
import { parseSliceId, sliceId } from '../../core/shards/slice.ts';
import { shardOf } from '../../core/vm/lifecycle.ts';
import { VmRefused } from '../../core/vm/refused.ts';
import { handOverName } from '../../flows/hand-over-input.ts';
import { knownShard, mustBeActive, slicesOf } from './known.ts';
import { pageOf } from './page.ts';
import type { Answers, ApiParts } from './parts.ts';
import { knownVmShard } from './vm-known.ts';

export const HAND_OVER_ANSWERS: Answers<'handleShardInterruption' | 'listHandOvers'> = {
  handleShardInterruption: async ({ parts, body: { shardID, instance } }) => {
    const ref = shardRef(shardID);
    const started =
      ref.kind === 'vm'
        ? [await interruptVm(parts, ref.instance, ref.shard)]
        : await start(parts, await serviceSlices(parts, ref.shard, instance));
    return { kind: ref.kind, shardID, started };
  },

  listHandOvers: async ({ parts: { table }, query }) => {
    const items = await table.query(PK.handOver);
    const all = items.map(({ sk, ...rest }) => ({ ...rest, source: sk }) as unknown as HandOver);
    const wanted = all.filter(({ shard }) => query.shardID === undefined || shard === query.shardID);
    const page = pageOf(wanted, query, ({ source }) => source);
    return { ...page, items: page.items.map(told) };
  },
};

async function serviceSlices(parts: ApiParts, name: string, instance: string | undefined): Promise<string[]> {
  const shard = knownShard(await parts.settings(), name);
  await mustBeActive(parts, shard);
  const active = (await slicesOf(parts, name)).filter(({ placement }) => placement.kind === 'active');
  const wanted = active.map(({ slice }) => slice).filter((slice) => onInstance(slice, instance));
  if (wanted.length > 0) return wanted;
  const where = instance === undefined ? '' : ` on ${instance}`;
  throw new ApiProblem('conflict', `shard ${name} has no slice${where} that serves`);
}

const onInstance = (slice: string, instance: string | undefined) =>
  instance === undefined || parseSliceId(slice).instance === instance;

/** One execution per instance, so that each is told apart by those who look. */
function start({ clock, workflows }: ApiParts, slices: readonly string[]) {
  const at = clock.now();
  const byInstance = Map.groupBy(slices, (slice) => parseSliceId(slice).instance);
  return Promise.all(
    [...byInstance].map(async ([instance, its]) => {
      const input = { cause: 'planned', instance, at, slices: its } as const;
      const execution = handOverName(input);
      await workflows.start('hand-over', execution, input);
      return { execution, instance, slices: its };
    }),
  );
}

/** It moves to another instance, with its state; where none has room, the standard procedure: it leaves its traffic. */
async function interruptVm(parts: ApiParts, instance: string, shard: string) {
  const { port } = await knownVmShard(parts, instance, shard);
  const slice = sliceId(instance, port);
  try {
    const { movesTo } = shardOf(await parts.vm.move(instance, shard, undefined), shard);
    return { instance, slices: [slice], ...(movesTo !== undefined && { movesTo }) };
  } catch (error) {
    if (!(error instanceof VmRefused && error.problems.every(({ field }) => field === 'to'))) throw error;
    const [started] = await start(parts, [slice]);
    return started!;
  }
}

/** Never the secret of the copy. */
function told({
  id,
  shard,
  source,
  target,
  slots,
  cause,
  phase,
  go,
  at,
  deadline,
  progress,
  error,
}: HandOver) {
  return {
    id,
    shard,
    source,
    target,
    slots: slots.map(({ slot }) => slot),
    cause,
    phase,
    go,
    at,
    ...(deadline !== undefined && { deadline }),
    ...(progress && { progress: { ...progress } }),
    ...(error !== undefined && { error }),
  };
}
