import { describe, expect, it } from 'vitest';
import type { Condition, Item, Table } from '../../adapters/aws/table.ts';

let partitions = 0;

/**
 * What every {@link Table} holds to. Each test has a partition of its own, so that one table serves them all.
 * @param table made once
 */
export function tableContract(table: () => Promise<Table>): void {
  const fresh = async () => ({ table: await table(), pk: `test-${process.pid}-${partitions++}` });

  describe('Table: items', () => {
    it('gives back what was put, without what is undefined', async () => {
      const { table, pk } = await fresh();
      const item = {
        pk,
        sk: 'a',
        // Reserved words of DynamoDB.
        shard: 'web',
        at: 1_700_000_000,
        state: { fraction: 0.1 + 0.2, negative: -1.5e-7, yes: true, no: null, empty: '', 'a.b': [] },
        list: [1, 'two', { three: [3] }],
        bytes: new Uint8Array([0, 1, 255]),
      };
      expect(await table.put({ ...item, nothing: undefined, list: [...item.list, undefined] })).toBe(true);
      const found = (await table.get(pk, 'a')) as Item & { bytes: Uint8Array };
      expect({ ...found, bytes: [...found.bytes] }).toEqual({ ...item, bytes: [0, 1, 255] });
      expect(found.bytes).toBeInstanceOf(Uint8Array);
      expect(Object.keys(found)).not.toContain('nothing');
    });

    it('takes a number that is next to nothing for nothing', async () => {
      const { table, pk } = await fresh();
      await table.put({ pk, sk: 'a', near: 1e-200, list: [{ near: -5e-324 }], far: 1e-120 });
      expect(await table.get(pk, 'a')).toMatchObject({ near: 0, list: [{ near: 0 }], far: 1e-120 });
      await table.update(pk, 'a', { set: { far: 1e-131 } });
      expect(await table.get(pk, 'a')).toMatchObject({ far: 0 });
    });

    it('knows nothing of an item that was never put, or was deleted', async () => {
      const { table, pk } = await fresh();
      expect(await table.get(pk, 'a')).toBeUndefined();
      expect(await table.delete(pk, 'a')).toBe(true);
      await table.put({ pk, sk: 'a' });
      expect(await table.delete(pk, 'a')).toBe(true);
      expect(await table.get(pk, 'a')).toBeUndefined();
    });

    it('replaces the whole item, and keeps no tie to what was handed in or out', async () => {
      const { table, pk } = await fresh();
      const nested = { n: 1 };
      await table.put({ pk, sk: 'a', old: 1, nested });
      nested.n = 2;
      const found = (await table.get(pk, 'a')) as Item & { nested: { n: number } };
      found.nested.n = 3;
      expect(await table.get(pk, 'a')).toEqual({ pk, sk: 'a', old: 1, nested: { n: 1 } });
      await table.put({ pk, sk: 'a', fresh: 1 });
      expect(await table.get(pk, 'a')).toEqual({ pk, sk: 'a', fresh: 1 });
    });

    it('refuses what cannot be stored', async () => {
      const { table, pk } = await fresh();
      await expect(table.put({ pk, sk: 'a', load: Number.NaN })).rejects.toThrow('NaN');
      await expect(table.put({ pk, sk: '' })).rejects.toThrow();
      await expect(table.put({ pk, sk: 'a', text: 'x'.repeat(410_000) })).rejects.toThrow();
      await expect(table.update(pk, 'a', { set: { sk: 'b' } })).rejects.toThrow();
      await expect(table.update(pk, 'a', { set: { n: 1 }, remove: ['n'] })).rejects.toThrow();
      await expect(table.put({ pk, sk: 'a' }, [])).rejects.toThrow('alternative');
      expect(await table.get(pk, 'a')).toBeUndefined();
    });
  });

  describe('Table: queries', () => {
    const some = async () => {
      const { table, pk } = await fresh();
      for (const sk of ['b', 'a', 'd', 'c']) await table.put({ pk, sk });
      await table.put({ pk: `${pk}-other`, sk: 'b' });
      return async (range?: Parameters<Table['query']>[1]) =>
        (await table.query(pk, range)).map(({ sk }) => sk).join('');
    };

    it('is of one partition, ascending, with inclusive bounds', async () => {
      const query = await some();
      expect(await query()).toBe('abcd');
      expect(await query({ from: 'b' })).toBe('bcd');
      expect(await query({ to: 'c' })).toBe('abc');
      expect(await query({ from: 'b', to: 'c' })).toBe('bc');
      expect(await query({ from: 'bb', to: 'bc' })).toBe('');
      expect(await query({ from: 'c', to: 'b' })).toBe('');
    });

    it('gives only the newest, still ascending', async () => {
      const query = await some();
      expect(await query({ newest: 2 })).toBe('cd');
      expect(await query({ newest: 9 })).toBe('abcd');
      expect(await query({ newest: 0 })).toBe('');
      expect(await query({ to: 'c', newest: 1 })).toBe('c');
    });

    it('reads all pages, however large', async () => {
      const { table, pk } = await fresh();
      const text = 'x'.repeat(250_000);
      for (let i = 0; i < 6; i++) await table.put({ pk, sk: `${i}`, text });
      expect((await table.query(pk)).map(({ sk }) => sk).join('')).toBe('012345');
      expect((await table.query(pk, { newest: 5 })).map(({ sk }) => sk).join('')).toBe('12345');
    });

    it('knows nothing of a partition that has no items', async () => {
      const { table, pk } = await fresh();
      expect(await table.query(pk)).toEqual([]);
    });
  });

  describe('Table: conditions', () => {
    const cases: readonly [string, Condition, there: boolean, absent: boolean][] = [
      ['is', { n: { is: 5 } }, true, false],
      ['is another', { n: { is: 6 } }, false, false],
      ['is of another type', { n: { is: '5' } }, false, false],
      ['is true', { yes: { is: true } }, true, false],
      ['absent', { missing: { absent: true } }, true, true],
      ['absent, but there', { n: { absent: true } }, false, true],
      ['present', { n: { present: true } }, true, false],
      ['present, but not there', { missing: { present: true } }, false, false],
      ['at most', { n: { atMost: 5 } }, true, false],
      ['at most, but more', { n: { atMost: 4 } }, false, false],
      ['at most, but no number', { text: { atMost: 9 } }, false, false],
      ['both', { n: { is: 5 }, text: { is: 'a' } }, true, false],
      ['both, but one', { n: { is: 5 }, text: { is: 'b' } }, false, false],
      ['either', [{ n: { is: 6 } }, { text: { is: 'a' }, n: { atMost: 9 } }], true, false],
      ['neither', [{ n: { is: 6 } }, { text: { is: 'b' } }], false, false],
      ['nothing asked', {}, true, true],
      ['a reserved word', { state: { is: 'on' } }, true, false],
    ];

    it.each(cases)('%s', async (_, only, there, absent) => {
      const { table, pk } = await fresh();
      const item = { pk, sk: 'a', n: 5, text: 'a', yes: true, state: 'on' };
      for (const [sk, holds] of [
        ['a', there],
        ['b', absent],
      ] as const) {
        const before = sk === 'a' ? { ...item, sk } : undefined;
        const reset = async () => {
          await table.delete(pk, sk);
          if (before) await table.put(before);
        };
        await reset();
        expect(await table.put({ pk, sk, put: 1 }, only)).toBe(holds);
        expect(await table.get(pk, sk)).toEqual(holds ? { pk, sk, put: 1 } : before);
        await reset();
        const after = { ...before, pk, sk, set: 1 };
        expect(await table.update(pk, sk, { set: { set: 1 } }, only)).toEqual(
          holds ? { ok: true, item: after } : { ok: false, ...(before && { item: before }) },
        );
        expect(await table.get(pk, sk)).toEqual(holds ? after : before);
        await reset();
        expect(await table.delete(pk, sk, only)).toBe(holds);
        expect(await table.get(pk, sk)).toEqual(holds ? undefined : before);
      }
    });

    it('lets one of many racing writers through', async () => {
      const { table, pk } = await fresh();
      await table.put({ pk, sk: 'a', version: 1 });
      const racing = Array.from({ length: 16 }, (_, i) =>
        table.update(pk, 'a', { set: { by: i }, add: { version: 1 } }, { version: { is: 1 } }),
      );
      const won = (await Promise.all(racing)).flatMap(({ ok }, i) => (ok ? [i] : []));
      expect(won).toHaveLength(1);
      expect(await table.get(pk, 'a')).toEqual({ pk, sk: 'a', version: 2, by: won[0] });
    });
  });

  describe('Table: updates', () => {
    it('sets, removes and adds at once, and makes the item where there is none', async () => {
      const { table, pk } = await fresh();
      const change = { set: { a: 1, list: ['x'], left: undefined }, remove: ['b'], add: { n: 2 } };
      expect(await table.update(pk, 'a', change)).toEqual({
        ok: true,
        item: { pk, sk: 'a', a: 1, list: ['x'], n: 2 },
      });
      await table.update(pk, 'a', { set: { b: 1, left: 'as it is' } });
      expect(await table.update(pk, 'a', change)).toMatchObject({
        ok: true,
        item: { pk, sk: 'a', a: 1, list: ['x'], left: 'as it is', n: 4 },
      });
      expect(await table.update(pk, 'a', {})).toMatchObject({ ok: true, item: { n: 4 } });
      expect(Object.keys((await table.get(pk, 'a')) ?? {})).not.toContain('b');
    });
  });
}
