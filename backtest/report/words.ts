import type { FleetAction, Move, Rule } from '../../core/capacity/plan.ts';

/** What each rule means, to be read after "because". */
export const RULE_WORDS: { readonly [R in Rule]: string } = {
  guarantee: 'the shard was below its guarantee',
  forecast: 'the forecast made one more slice worth its cost',
  reactive: 'measured utilisation or latency was above its bound',
  'pre-emption': 'a higher priority needed it more than a lower one',
  replace: 'it makes up for a lost, interrupted or failed slice',
  release: 'the forecast did not pay for it any more',
  consolidate: 'packing slices together frees a whole instance',
  mix: 'the mix of Spot and On-Demand was off what the settings ask for',
  pool: 'the ready pool or the warm pool was off its target',
  wake: 'a cold standby shard was needed',
  sleep: 'a cold standby shard was not needed any more',
  reserve: 'it is held for shards whose instances may be taken',
  interruption: 'Spot takes the instance away',
};

/** The rules of moves that no forecast had seen coming: drawn in another colour. */
export const UNFORESEEN: readonly Rule[] = ['reactive', 'pre-emption', 'replace', 'interruption'];

/** One end of a move, in words. */
export function placeWords(place: Move['from'] | Move['to']): string {
  if (place.kind === 'ready') return 'ready pool';
  return place.kind === 'reserved' ? `reserved for ${place.shard}` : place.shard;
}

/** What a fleet action acts on: an instance's id or a number of them. */
export function actionSubject(action: FleetAction): string {
  if ('instance' in action) return action.instance;
  if (action.kind === 'launch') return '1 instance';
  return action.count === 1 ? '1 instance' : `${action.count} instances`;
}

/** What a fleet action does, in words. */
export function actionWords(action: FleetAction): string {
  switch (action.kind) {
    case 'start':
      return `start in the ${action.group} group`;
    case 'launch':
      return `launch in ${action.zone}, in the ${action.group} group`;
    case 'release':
      return {
        warm: 'release to the warm pool',
        retired: 'release for good',
        standby: 'back to cold standby',
      }[action.to];
    case 'discard':
      return 'give up a stopped instance';
    case 'stock':
      return 'launch into the warm pool';
    case 'wake':
      return `wake for ${action.shard}`;
  }
}
