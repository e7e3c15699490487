import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FleetAction } from '../../core/capacity/plan.ts';
import { AwsWorld } from '../contracts/aws-world.ts';
import { settingsOf } from '../world/fixtures.ts';

/**
 * Weather for the fleet: actions of the plan in any order, calls that fail or whose answers are lost, instances ended
 * by hand or by Spot, desired capacity changed by somebody else, AWS without capacity. Whatever comes, nothing that
 * nobody released is ended or stopped by us or by the group, and afterwards all comes to rest.
 */
type Weather =
  | { readonly kind: 'start'; readonly group: 'steady' | 'spot'; readonly count: number }
  | { readonly kind: 'stock'; readonly count: number }
  | { readonly kind: 'release'; readonly which: number; readonly to: 'warm' | 'retired' | 'standby' }
  | { readonly kind: 'wake' | 'discard' | 'retire' | 'end'; readonly which: number }
  | { readonly kind: 'desired'; readonly value: number }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'faults'; readonly share: number };

const which = fc.nat(20);
const weather: fc.Arbitrary<Weather> = fc.oneof(
  fc.record({
    kind: fc.constant('start' as const),
    group: fc.constantFrom('steady' as const, 'spot' as const),
    count: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ kind: fc.constant('stock' as const), count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({
    kind: fc.constant('release' as const),
    which,
    to: fc.constantFrom('warm' as const, 'retired' as const, 'standby' as const),
  }),
  fc.record({
    kind: fc.constantFrom('wake' as const, 'discard' as const, 'retire' as const, 'end' as const),
    which,
  }),
  fc.record({ kind: fc.constant('desired' as const), value: fc.nat(8) }),
  fc.record({ kind: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 400 }) }),
  fc.record({ kind: fc.constant('faults' as const), share: fc.constantFrom(0, 0.2) }),
);

const reason = { rule: 'pool' } as const;

describe('the fleet in bad weather', () => {
  it('ends nothing that was not released, and comes to rest', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(weather, { maxLength: 25 }), fc.nat(1000), async (course, seed) => {
        const run = new Run(seed);
        for (const one of course) await run.pass(one);
        run.share = 0;
        await run.calm(2400);
        run.expectRest();
      }),
      { numRuns: 150 },
    );
  });
});

class Run {
  readonly world = new AwsWorld(settingsOf(['web'], { max: 10, warmMax: 6 }));
  share = 0;
  /** What may go: released, retired, or ended by hand. */
  readonly #let = new Set<string>();
  /** Seen in service and not let go. */
  readonly #kept = new Set<string>();
  /** What ended or stopped though nobody let it go. */
  readonly #lost: string[] = [];
  #random: number;
  #keys = 0;

  constructor(seed: number) {
    this.#random = seed + 1;
    const break_ = () => {
      if (this.#next() < this.share) throw new Error('weather');
    };
    // The harder case: new instances are bare until somebody protects them.
    for (const { options } of this.world.aws.autoScaling.groups.values())
      Object.assign(options, { protectNew: false });
    this.world.aws.fail = break_;
    this.world.aws.lose = break_;
    this.world.aws.ec2.changed.push(({ id, power }) => {
      if (power !== 'running' && this.#kept.has(id)) this.#lost.push(`${id} is ${power}`);
    });
  }

  async pass(one: Weather): Promise<void> {
    const { world } = this;
    const at = world.clock.now();
    const apply = (action: FleetAction) =>
      world.drive(world.anotherFleet().apply(action, `${at}/${this.#keys++}`)).catch(() => {});
    switch (one.kind) {
      case 'start':
        return apply({ ...one, reason });
      case 'stock':
        return apply({ ...one, reason });
      case 'release': {
        const id = this.#pick(one.which, 'InService');
        this.#letGo(id);
        return apply({ kind: 'release', instance: id, to: one.to, shard: 'web', reason });
      }
      case 'wake':
        return apply({ kind: 'wake', instance: this.#pick(one.which, 'Standby'), shard: 'web', reason });
      case 'discard':
        return apply({ kind: 'discard', instance: this.#pick(one.which, 'Warmed:Stopped'), reason });
      case 'retire': {
        const id = this.#pick(one.which);
        this.#letGo(id);
        await world.drive(world.anotherFleet().retire(id, 'failed')).catch(() => {});
        return;
      }
      case 'end': {
        const id = this.#pick(one.which);
        this.#letGo(id);
        if (id !== '') world.aws.ec2.terminate(id);
        return;
      }
      case 'desired': {
        const group = world.aws.autoScaling.group('steady');
        group.desired = one.value;
        world.aws.autoScaling.look(group);
        return;
      }
      case 'faults':
        this.share = one.share;
        return;
      case 'wait':
        return this.calm(one.seconds);
    }
  }

  /** Ticks as they come, their failures tolerated. */
  async calm(seconds: number): Promise<void> {
    const { world } = this;
    for (let left = seconds; left > 0; left -= 30) {
      await world.clock.runUntil(world.clock.now() + Math.min(30, left));
      await world.drive(
        world
          .look()
          .then(() => world.fleet.settle())
          .catch(() => []),
      );
      for (const { members } of world.aws.autoScaling.groups.values())
        for (const { id, lifecycle } of members.values())
          if (lifecycle === 'InService' && !this.#let.has(id)) this.#kept.add(id);
    }
  }

  expectRest(): void {
    const { world } = this;
    expect(this.#lost).toEqual([]);
    for (const group of world.aws.autoScaling.groups.values()) {
      const { desired, options } = group;
      const states = [...group.members.values()].map(({ lifecycle }) => lifecycle);
      expect([options.name, group.counted().length, states]).toEqual([options.name, desired, states]);
      expect(states.filter((state) => !['InService', 'Standby', 'Warmed:Stopped'].includes(state))).toEqual(
        [],
      );
      expect(group.warm().length).toBe(group.stock());
      for (const member of group.members.values()) {
        if (member.lifecycle === 'InService') expect(member.isProtected).toBe(true);
        const power = world.aws.ec2.get(member.id)?.power;
        if (member.lifecycle === 'InService') expect([member.id, power]).toEqual([member.id, 'running']);
      }
    }
  }

  #letGo(id: string): void {
    this.#let.add(id);
    this.#kept.delete(id);
  }

  #pick(n: number, lifecycle?: string): string {
    const all = [...this.world.aws.autoScaling.groups.values()].flatMap(({ members }) => [
      ...members.values(),
    ]);
    const fit = all.filter((member) => lifecycle === undefined || member.lifecycle === lifecycle);
    return fit.length === 0 ? '' : fit[n % fit.length]!.id;
  }

  #next(): number {
    this.#random = (this.#random * 48_271) % 2_147_483_647;
    return this.#random / 2_147_483_647;
  }
}
