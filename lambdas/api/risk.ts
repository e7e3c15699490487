import { shardRef } from '../../core/api/ids.ts';
import { mostAtRisk } from '../../core/interruption/rank.ts';
import { sliceId } from '../../core/shards/slice.ts';
import { knownShard } from './known.ts';
import type { Answers, ApiParts } from './parts.ts';
import { knownVmShard } from './vm-known.ts';

export const RISK_ANSWERS: Answers<'getInterruptionRisk'> = {
  getInterruptionRisk: async ({ parts, query: { shardID } }) => {
    const ref = shardRef(shardID);
    const isIts =
      ref.kind === 'vm' ? await isSlice(parts, ref.instance, ref.shard) : await isShard(parts, ref.shard);
    const { at, risks } = await parts.risks();
    const slices = mostAtRisk(risks.filter(isIts));
    return {
      kind: ref.kind,
      shardID,
      at,
      score: slices[0]?.score ?? 0,
      slices: slices.map((one) => ({ ...one })),
    };
  },
};

async function isShard(parts: ApiParts, name: string) {
  const { name: known } = knownShard(await parts.settings(), name);
  return ({ shard }: { readonly shard: string }) => shard === known;
}

async function isSlice(parts: ApiParts, instance: string, shard: string) {
  const { port } = await knownVmShard(parts, instance, shard);
  const wanted = sliceId(instance, port);
  return ({ slice }: { readonly slice: string }) => slice === wanted;
}
