import { describe, expect, it } from 'vitest';
import { parseSettings } from '../../core/settings/parse.ts';
import { HOUR } from '../../core/time.ts';
import { predictedNeed, proposeSize, usualUse } from '../../core/vm/propose.ts';
import { sizeOfInstance, usualSize } from '../../core/vm/size.ts';
import { spareFor, type VmHost } from '../../core/vm/spare.ts';
import { GOOD } from '../settings/sample.ts';
import { allocated, LARGE, shard, vmSettings } from './stage.ts';

describe('the size of an instance', () => {
  it.each([
    ['m7i.large', 2, 8192],
    ['c7g.medium', 1, 2048],
    ['r6a.4xlarge', 16, 131_072],
    ['m7i-flex.xlarge', 4, 16_384],
    ['t3.micro', 2, 1024],
    ['t4g.2xlarge', 8, 32_768],
  ])('of %s', (type, vCPU, RAM) => expect(usualSize(type)).toEqual({ vCPU, RAM }));

  it.each(['m7i.metal-24xl', 'p5.48xlarge', 't3.huge', 'x'])('of %s is not known', (type) =>
    expect(usualSize(type)).toBeUndefined(),
  );

  it('is what was measured, else what the settings say, else what is usual', () => {
    const settings = vmSettings({ storage: 9000 });
    const size = { vCPU: 3, RAM: 3000, storage: 3000 };
    const declared = { ...settings.fleet, instanceTypes: [{ type: 'p5.48xlarge', weight: 1, size }] };
    expect(sizeOfInstance('m7i.large', settings, LARGE)).toBe(LARGE);
    expect(sizeOfInstance('p5.48xlarge', { ...settings, fleet: declared })).toEqual(size);
    expect(sizeOfInstance('m7i.large', settings)).toEqual({ vCPU: 2, RAM: 8192, storage: 9000 });
    expect(sizeOfInstance('p5.48xlarge', settings)).toBeUndefined();
  });
});

describe('a component’s profile', () => {
  const byHour = (night: number, day: number) => Array.from({ length: 24 }, (_, h) => (h < 6 ? night : day));
  const usage = {
    vCPU: { p50: byHour(0.1, 0.2), p95: byHour(0.5, 1) },
    RAM: { p50: 100, p95: byHour(1000, 200) },
    storage: { p50: 0, p95: 640 },
  };
  const { vm } = vmSettings({ margin: 0, components: { search: { unit: 'search@.service', usage } } });

  it('proposes what holds in every hour', () => {
    expect(proposeSize('search', vm)).toEqual({ vCPU: 1, RAM: 1008, storage: 640 });
    expect(proposeSize('toString', vm)).toBeUndefined();
  });

  it('says what will be needed in the hours that are meant, across midnight too', () => {
    expect(predictedNeed('search', vm, 7 * HOUR, 8 * HOUR)).toEqual({ vCPU: 1, RAM: 208, storage: 640 });
    expect(predictedNeed('search', vm, 23.5 * HOUR, 24.5 * HOUR)).toEqual({
      vCPU: 1,
      RAM: 1008,
      storage: 640,
    });
    expect(predictedNeed('search', vm, 1 * HOUR, 2 * HOUR)).toEqual({ vCPU: 0.5, RAM: 1008, storage: 640 });
  });

  it('says what is usual', () => {
    expect(usualUse('search', vm, 26 * HOUR)).toEqual({ vCPU: 0.1, RAM: 112, storage: 0 });
  });

  it('is refused in the settings with field, bound and value', () => {
    const wrong = `${GOOD}vm:\n  components:\n    search: { unit: search.service }\n`;
    expect(() => parseSettings(wrong, 'shop.yaml')).toThrow(
      'vm.components.search.unit: expected name of a systemd template unit such as search@.service, got "search.service"',
    );
  });
});

describe('spare room for a VM shard', () => {
  const host = (
    instanceID: string,
    some: Partial<VmHost> = {},
    ...taken: Parameters<typeof shard>[]
  ): VmHost => ({
    vm: { ...allocated(taken.map((one) => shard(...one))), instanceID },
    zone: 'a',
    ...some,
  });
  const pool = { type: 'm7i.large', zone: 'a' };
  const from = { instanceID: 'i-0', zone: 'a', pool };
  const need = { vCPU: 1, RAM: 4096, storage: 0 };
  const spare = (...hosts: VmHost[]) =>
    spareFor(hosts, from, need, vmSettings()).map(({ vm }) => vm.instanceID);

  it('is never in the pool that it would be lost with, nor on what is about to go', () => {
    expect(spare(host('i-0'), host('same', { pool }), host('gone', { leaving: true }))).toEqual([]);
  });

  it('is On-Demand first, then in the same zone, then where it leaves the least', () => {
    expect(
      spare(
        host('spot', { zone: 'b', pool: { ...pool, zone: 'b' } }),
        host('far', { zone: 'b' }),
        host('empty'),
        host('half', {}, ['x', { vCPU: 0.5 }]),
      ),
    ).toEqual(['half', 'empty', 'far', 'spot']);
  });

  it('is only where vCPU, memory and disk all fit, and there may be one more', () => {
    const many = Array.from({ length: 4 }, (_, i) => [`s${i}`, { vCPU: 0.1, RAM: 16, storage: 0 }] as const);
    expect(
      spare(
        host('cpu', {}, ['x', { vCPU: 1.5, RAM: 16 }]),
        host('ram', {}, ['x', { vCPU: 0.1, RAM: 4096 }]),
        host('many', {}, ...many.map(([id, some]) => [id, some] as Parameters<typeof shard>)),
      ),
    ).toEqual([]);
  });
});
