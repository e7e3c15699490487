import { describe, expect, it } from 'vitest';
import { sliceIdsOf } from '../../core/shards/slice.ts';
import { type Lacks, launch, type Make, NO_LACKS } from './harness.ts';

export function clockContract(make: Make): void {
  describe('Clock', () => {
    it('goes on, and sleeps until a time or not at all when it has passed', async () => {
      const h = await make();
      const start = h.ports.clock.now();
      await h.drive(h.ports.clock.sleepUntil(start - 1));
      await h.drive(h.ports.clock.sleepUntil(start + 2));
      expect(h.ports.clock.now()).toBeGreaterThanOrEqual(start + 2);
    });
  });
}

export function hostsContract(make: Make, lacks: Lacks = NO_LACKS): void {
  describe('Hosts', () => {
    it('runs a command on a slice’s instance, as often as it is asked', async () => {
      const h = await make();
      const [id = ''] = await launch(h, 1);
      const [slice = ''] = sliceIdsOf(id, h.settings);
      for (const kind of ['activate', 'activate', 'deactivate', 'deactivate'] as const)
        expect(await h.drive(h.ports.hosts.run(slice, { kind, shard: 'web' }))).toEqual({ ok: true });
    });

    it.skipIf(lacks.has('run-command'))('answers with the error where a command cannot run', async () => {
      const h = await make();
      const result = await h.drive(h.ports.hosts.run('i-nobody:8080', { kind: 'activate', shard: 'web' }));
      expect(result).toMatchObject({ ok: false, error: expect.stringContaining('i-nobody') });
    });
  });
}

/** The harness must have measured `web` for some minutes. */
export function loadMetricsContract(make: Make): void {
  describe('LoadMetrics', () => {
    it('gives points after `from` and up to `to`, ascending, none from the future', async () => {
      const h = await make();
      await h.wait(300);
      const { metrics, clock } = h.ports;
      const now = clock.now();
      const all = await h.drive(metrics.history('web', now - 300, now + 3600));
      expect(all.length).toBeGreaterThan(1);
      const times = all.map(({ time }) => time);
      expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
      expect(Math.max(...times)).toBeLessThanOrEqual(now);
      const [first = 0, second = 0] = times;
      expect(await h.drive(metrics.history('web', first, second))).toEqual([all[1]]);
    });

    it('measures each shard that it is asked for, as of its newest point', async () => {
      const h = await make();
      await h.wait(300);
      const { metrics, clock } = h.ports;
      const [measured, ...more] = await h.drive(metrics.measured(['web']));
      const newest = (await h.drive(metrics.history('web', 0, clock.now()))).at(-1);
      expect(more).toEqual([]);
      expect(measured).toMatchObject({ shard: 'web', time: newest?.time, load: newest?.load });
    });
  });
}

/** `handled` is told the input of each execution of the flow `move` in the harness that was made last. */
export function workflowsContract(make: Make, handled: () => readonly unknown[]): void {
  describe('Workflows', () => {
    it('runs a flow once per name', async () => {
      const h = await make();
      for (const name of ['a', 'a', 'b']) await h.drive(h.ports.workflows.start('move', name, { name }));
      await h.wait(1);
      expect(handled()).toEqual([{ name: 'a' }, { name: 'b' }]);
    });
  });
}

export function eventsContract(make: Make): void {
  describe('Events', () => {
    it('takes none, one and many', async () => {
      const h = await make();
      const event = { type: 'Test', at: h.ports.clock.now(), detail: {} };
      for (const events of [[], [event], Array(25).fill(event)])
        await expect(h.drive(h.ports.events.publish(events))).resolves.toBeUndefined();
    });
  });
}
