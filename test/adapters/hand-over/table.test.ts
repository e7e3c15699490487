import { describe, expect, it } from 'vitest';
import { TableAgents } from '../../../adapters/aws/hand-over/agents.ts';
import { TableHandOvers } from '../../../adapters/aws/hand-over/hand-overs.ts';
import { TableSlotMaps } from '../../../adapters/aws/hand-over/slot-maps.ts';
import { PK, type Table } from '../../../adapters/aws/table.ts';
import type { AgentState } from '../../../core/hand-over/agents.ts';
import { BEFORE_SWITCH, type NewHandOver, secretOf } from '../../../core/hand-over/record.ts';
import { MemoryTable } from '../../model-aws/memory-table.ts';

const T0 = 1_700_000_000;

describe('TableSlotMaps', () => {
  it('passes a slot on once per epoch, to one of many', async () => {
    const maps = new TableSlotMaps(new MemoryTable());
    expect(await maps.read('cart', 2)).toEqual([
      { slot: 0, epoch: 0 },
      { slot: 1, epoch: 0 },
    ]);
    const [, free] = await maps.read('cart', 2);
    const all = await Promise.all(['a:1', 'b:1', 'c:1'].map((holder) => maps.pass('cart', free!, holder)));
    expect(all.map(({ ok }) => ok)).toEqual([true, false, false]);
    expect(all[2]!.slot).toEqual({ slot: 1, epoch: 1, holder: 'a:1' });
    expect(await maps.pass('cart', all[0]!.slot, 'b:1')).toEqual({
      ok: true,
      slot: { slot: 1, epoch: 2, holder: 'b:1' },
    });
    expect(await maps.pass('cart', all[0]!.slot, 'c:1')).toMatchObject({ ok: false });
    // Repeated, because its answer was lost.
    expect(await maps.pass('cart', all[0]!.slot, 'b:1')).toMatchObject({ ok: true });
    expect(await maps.read('cart', 2)).toEqual([
      { slot: 0, epoch: 0 },
      { slot: 1, epoch: 2, holder: 'b:1' },
    ]);
  });

  it('may leave a slot without a holder', async () => {
    const maps = new TableSlotMaps(new MemoryTable());
    const { slot } = await maps.pass('cart', { slot: 0, epoch: 0 }, 'a:1');
    await maps.pass('cart', slot, undefined);
    expect(await maps.read('cart', 1)).toEqual([{ slot: 0, epoch: 2 }]);
  });
});

describe('TableAgents', () => {
  const state: AgentState = {
    instance: 'i-1',
    bootId: 'b',
    address: '10.0.0.1',
    transferPort: 7946,
    at: T0,
    leaseUntil: T0 + 30,
    slices: [],
  };

  it('gives the orders with the beat, per slice, and takes them back', async () => {
    const agents = new TableAgents(new MemoryTable());
    await agents.order('i-1:8080', { reserve: 'i-2:8080', handOver: 'x' });
    await agents.order('i-1:8081', { reserve: 'i-3:8080' });
    expect(await agents.get('i-1')).toBeUndefined();
    expect(await agents.list()).toEqual([]);
    expect(await agents.beat(state)).toEqual({
      reserves: { 'i-1:8080': 'i-2:8080', 'i-1:8081': 'i-3:8080' },
      handOvers: { 'i-1:8080': 'x' },
    });
    await agents.order('i-1:8080', { reserve: null });
    expect(await agents.beat({ ...state, leaseUntil: T0 + 40 })).toEqual({
      reserves: { 'i-1:8081': 'i-3:8080' },
      handOvers: { 'i-1:8080': 'x' },
    });
    expect(await agents.list()).toEqual([{ ...state, leaseUntil: T0 + 40 }]);
  });
});

describe('TableHandOvers', () => {
  const wanted = (source: string, target: string, at = T0): NewHandOver => ({
    shard: 'cart',
    source,
    target,
    slots: [{ slot: 0, epoch: 1 }],
    cause: 'interruption',
    at,
    deadline: at + 120,
    go: false,
  });

  it('is changed only in the phases that are named', async () => {
    const handOvers = new TableHandOvers(new MemoryTable());
    const opened = await handOvers.open(wanted('a:1', 'b:1'));
    const id = opened.outcome === 'taken' ? '' : opened.handOver.id;
    await handOvers.advance('a:1', id, { phase: 'copying' });
    await handOvers.advance('a:1', id, { phase: 'switching' });
    const failed = { phase: 'failed', error: 'x' } as const;
    expect(await handOvers.advance('a:1', id, failed, BEFORE_SWITCH)).toMatchObject({ phase: 'switching' });
    expect(await handOvers.of('b:1')).toMatchObject({ id });
    expect(await handOvers.advance('a:1', id, failed, ['switching'])).toMatchObject({ phase: 'failed' });
  });

  it('is opened once per source and joined by the others, whatever target they had in mind', async () => {
    const handOvers = new TableHandOvers(new MemoryTable());
    const all = await Promise.all(
      ['b:1', 'c:1', 'd:1'].map((target) => handOvers.open(wanted('a:1', target))),
    );
    expect(all.filter(({ outcome }) => outcome === 'opened')).toHaveLength(1);
    const ids = new Set(all.map((one) => (one.outcome === 'taken' ? one.by : one.handOver.id)));
    expect(ids.size).toBe(1);
    const { target, secret } = (await handOvers.get('a:1'))!;
    expect(secret).toHaveLength(32);
    // The targets that lost are free again.
    for (const free of ['b:1', 'c:1', 'd:1'].filter((one) => one !== target))
      expect((await handOvers.open(wanted(`x${free}`, free))).outcome).toBe('opened');
  });

  it('is one hand-over for two that open it at once, whoever writes the record first', async () => {
    const table = new MemoryTable();
    const handOvers = new TableHandOvers(table);
    const put = table.put.bind(table);
    let second: Awaited<ReturnType<typeof handOvers.open>> | undefined;
    // The second one comes when the first has the target, and not yet its record.
    table.put = async (item, only) => {
      if (item.pk === PK.handOver && second === undefined) {
        table.put = put;
        second = await handOvers.open(wanted('a:1', 'r:1', T0 + 1));
      }
      return put(item, only);
    };
    const first = await handOvers.open(wanted('a:1', 'r:1'));
    expect(second?.outcome).toBe('opened');
    expect(first).toEqual(second);
    expect(await handOvers.of('r:1')).toEqual(await handOvers.get('a:1'));
  });

  it.each(['done', 'failed'] as const)('keeps no secret once it is %s', async (end) => {
    const table = new MemoryTable();
    const handOvers = new TableHandOvers(table);
    const opened = await handOvers.open(wanted('a:1', 'b:1'));
    if (opened.outcome !== 'opened') throw new Error(opened.outcome);
    const { id } = opened.handOver;
    for (const phase of ['copying', 'switching'] as const)
      expect(secretOf((await handOvers.advance('a:1', id, { phase }))!)).toEqual(opened.handOver.secret);
    const told = await handOvers.advance('a:1', id, { phase: end, error: 'x' });
    expect(await table.get(PK.handOver, 'a:1')).not.toHaveProperty('secret');
    const late = (await handOvers.get('a:1'))!;
    expect(late).toEqual(told);
    expect(() => secretOf(late)).toThrow(
      `${id}: expected the secret of a hand-over that is under way, got none: it is ${end}`,
    );
  });

  it('gives a target to one source until that is over', async () => {
    const handOvers = new TableHandOvers(new MemoryTable());
    const first = await handOvers.open(wanted('a:1', 'r:1'));
    if (first.outcome !== 'opened') throw new Error(first.outcome);
    const { id } = first.handOver;
    expect(await handOvers.open(wanted('b:1', 'r:1', T0 + 100))).toEqual({ outcome: 'taken', by: id });
    expect((await handOvers.of('r:1'))?.source).toBe('a:1');
    await handOvers.advance('a:1', id, { phase: 'failed', error: 'deadline' });
    expect(await handOvers.of('r:1')).toBeUndefined();
    expect((await handOvers.open(wanted('b:1', 'r:1', T0 + 100))).outcome).toBe('opened');
    // A new one of the first source is another hand-over.
    const again = await handOvers.open(wanted('a:1', 'q:1', T0 + 100));
    expect(again).toMatchObject({ outcome: 'opened', handOver: { phase: 'open', version: 1 } });
    expect(await handOvers.advance('a:1', id, { phase: 'copying' })).toBeUndefined();
  });

  it('keeps to the order of the phases, the first deadline and the go', async () => {
    const handOvers = new TableHandOvers(new MemoryTable());
    await handOvers.open(wanted('a:1', 'r:1'));
    const { id } = (await handOvers.get('a:1'))!;
    expect(await handOvers.advance('a:1', id, { phase: 'done' })).toMatchObject({
      phase: 'open',
      version: 1,
    });
    expect(await handOvers.advance('a:1', id, { phase: 'copying' })).toMatchObject({ phase: 'copying' });
    await handOvers.advance('a:1', id, { go: true, deadline: T0 + 200 });
    expect(await handOvers.advance('a:1', id, { go: false, deadline: T0 + 90 })).toMatchObject({
      go: true,
      deadline: T0 + 90,
    });
    await handOvers.advance('a:1', id, { phase: 'switching' });
    await handOvers.advance('a:1', id, { phase: 'done' });
    expect(await handOvers.advance('a:1', id, { phase: 'failed', error: 'late' })).toMatchObject({
      phase: 'done',
      version: 6,
    });
    expect((await handOvers.get('a:1'))?.error).toBeUndefined();
  });

  it('does not wait for ever for a lock whose owner died before its record', async () => {
    const table: Table = new MemoryTable();
    await table.put({ pk: PK.handOverTarget, sk: 'r:1', id: 'x', source: 'dead:1', at: T0 });
    const handOvers = new TableHandOvers(table);
    expect(await handOvers.open(wanted('a:1', 'r:1', T0 + 29))).toEqual({ outcome: 'taken', by: 'x' });
    expect((await handOvers.open(wanted('a:1', 'r:1', T0 + 31))).outcome).toBe('opened');
  });

  it('loses no change of two writers at once', async () => {
    const handOvers = new TableHandOvers(new MemoryTable());
    await handOvers.open(wanted('a:1', 'r:1'));
    const { id } = (await handOvers.get('a:1'))!;
    await Promise.all([
      handOvers.advance('a:1', id, { phase: 'copying' }),
      handOvers.advance('a:1', id, { go: true }),
      handOvers.advance('a:1', id, { deadline: T0 + 60 }),
    ]);
    expect(await handOvers.get('a:1')).toMatchObject({
      phase: 'copying',
      go: true,
      deadline: T0 + 60,
      version: 4,
    });
  });
});
