import { describe, expect, it } from 'vitest';
import type { StoredSlice } from '../../core/ports.ts';
import type { Harness, Make } from './harness.ts';

const SLICE = 'i-1:8080';

export function shardStoreContract(make: Make): void {
  const withSlice = async (): Promise<{ h: Harness; seen: () => Promise<StoredSlice> }> => {
    const h = await make();
    await h.drive(h.ports.store.add(SLICE, h.ports.clock.now()));
    const seen = async () => (await h.drive(h.ports.store.get(SLICE))) as StoredSlice;
    return { h, seen };
  };

  describe('ShardStore', () => {
    it('adds a slice once, as ready', async () => {
      const { h, seen } = await withSlice();
      const first = await seen();
      expect(first.placement.kind).toBe('ready');
      await h.drive(h.ports.store.add(SLICE, h.ports.clock.now() + 1));
      expect(await seen()).toEqual(first);
      expect(await h.drive(h.ports.store.slices())).toEqual([first]);
      expect(await h.drive(h.ports.store.get('i-2:8080'))).toBeUndefined();
    });

    it('gives a slice to one holder, on the version that was seen', async () => {
      const { h, seen } = await withSlice();
      const { version } = await seen();
      const expires = h.ports.clock.now() + 60;
      const { store } = h.ports;
      expect((await h.drive(store.claim(SLICE, version + 1, 'a', expires))).ok).toBe(false);
      expect((await h.drive(store.claim(SLICE, version, 'a', expires))).ok).toBe(true);
      const held = await seen();
      expect(held).toMatchObject({ holder: 'a' });
      expect(held.version).toBeGreaterThan(version);
      expect(await h.drive(store.claim(SLICE, held.version, 'b', expires))).toEqual({
        ok: false,
        seen: held,
      });
      // A repeat by the holder, who has not heard the answer, is as good as the first.
      expect((await h.drive(store.claim(SLICE, version, 'a', expires))).ok).toBe(true);
    });

    it('gives a slice to another once the hold has run out', async () => {
      const { h, seen } = await withSlice();
      const { store, clock } = h.ports;
      await h.drive(store.claim(SLICE, (await seen()).version, 'a', clock.now() + 60));
      await h.wait(61);
      const { version } = await seen();
      expect((await h.drive(store.claim(SLICE, version, 'b', clock.now() + 60))).ok).toBe(true);
      const late = { kind: 'activating', since: 0, shard: 'web' } as const;
      expect((await h.drive(store.put(SLICE, 'a', late))).ok).toBe(false);
      expect((await h.drive(store.put(SLICE, 'b', late))).ok).toBe(true);
    });

    it('writes a placement only as its holder, and only where the lifecycle leads', async () => {
      const { h, seen } = await withSlice();
      const { store, clock } = h.ports;
      const since = clock.now();
      const activating = { kind: 'activating', since, shard: 'web' } as const;
      expect((await h.drive(store.put(SLICE, 'a', activating))).ok).toBe(false);
      await h.drive(store.claim(SLICE, (await seen()).version, 'a', since + 60));
      expect((await h.drive(store.put(SLICE, 'b', activating))).ok).toBe(false);
      for (let i = 0; i < 2; i++) expect((await h.drive(store.put(SLICE, 'a', activating))).ok).toBe(true);
      expect((await seen()).placement).toEqual(activating);
      await expect(h.drive(store.put(SLICE, 'a', { kind: 'ready', since }))).rejects.toThrow('not allowed');
      expect((await seen()).placement).toEqual(activating);
    });

    it('lets go of a slice for its holder only, and forgets one that is gone', async () => {
      const { h, seen } = await withSlice();
      const { store, clock } = h.ports;
      await h.drive(store.claim(SLICE, (await seen()).version, 'a', clock.now() + 60));
      await h.drive(store.release(SLICE, 'b'));
      expect((await seen()).holder).toBe('a');
      for (let i = 0; i < 2; i++) await h.drive(store.release(SLICE, 'a'));
      expect((await seen()).holder).toBeUndefined();
      for (let i = 0; i < 2; i++) await h.drive(store.remove(SLICE));
      expect(await h.drive(store.get(SLICE))).toBeUndefined();
      const gone = await h.drive(store.claim(SLICE, 1, 'a', clock.now() + 60));
      expect(gone).toEqual({ ok: false });
    });
  });
}
