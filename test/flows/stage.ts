import { populate } from '../../backtest/world/populate.ts';
import { type Faults, World } from '../../backtest/world/world.ts';
import type { Move } from '../../core/capacity/plan.ts';
import type { Ports } from '../../core/ports.ts';
import type { SettingsInput } from '../../core/settings/schema.ts';
import { instanceArrived, instanceLeft } from '../../flows/reconcile.ts';
import { settingsOf, traceOf } from '../world/fixtures.ts';

/**
 * Shard `a` serves on i-00000000, shard `b` on i-00000001, and i-00000002 is ready; with signals wired as in
 * production. Lead times are the defaults without spread: activation 10 s, drain 60 s.
 */
export async function stage(
  fleet: Partial<SettingsInput['fleet']> = {},
  faults: Faults = {},
): Promise<World> {
  const settings = settingsOf(['a', 'b'], fleet);
  const minutes = new Array(240).fill(10);
  const world = new World({
    settings,
    trace: traceOf({ a: minutes, b: minutes }),
    from: 0,
    end: 240,
    seed: 1,
    faults,
  });
  populate(world);
  const { id } = world.fleet.seed('steady');
  await instanceArrived(world.ports, settings, id);
  world.signals = {
    arrived: (i) => world.workflows.run('signal', '', () => instanceArrived(world.ports, settings, i)),
    left: (i) => world.workflows.run('signal', '', () => instanceLeft(world.ports, settings, i)),
    rebalance() {},
    notice() {},
  };
  world.workflows.ended = ({ error }) => {
    if (error !== undefined) throw error;
  };
  return world;
}

export const ON_A = 'i-00000000:8080';
export const ON_B = 'i-00000001:8080';
export const READY = 'i-00000002:8080';

export function move(slice: string, from: Move['from'], to: Move['to']): Move {
  return { id: `m-${slice}`, slice, from, to, reason: { rule: 'forecast' } };
}

export class Injected extends Error {
  override readonly name = 'Injected';
}

/**
 * The ports with one call that fails: the `at`-th one (from 0) to fleet, load balancer, hosts or store. `before`: it
 * has no effect; `after`: it has, and the answer is lost; `dead`: so has no later call, as if the workflow had been killed.
 */
export function failing(
  ports: Ports,
  at: number,
  how: 'before' | 'after' | 'dead',
): Ports & { calls(): number } {
  let calls = 0;
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const method = Reflect.get(target, name, target) as unknown;
        if (typeof method !== 'function') return method;
        return async (...args: unknown[]) => {
          const call = calls++;
          if (call === at && how === 'before') throw new Injected(`${String(name)} failed`);
          if (call >= at && how === 'dead') throw new Injected('killed');
          const answer: unknown = await method.apply(target, args);
          if (call === at && how === 'after') throw new Injected(`the answer of ${String(name)} was lost`);
          return answer;
        };
      },
    });
  return {
    ...ports,
    fleet: wrap(ports.fleet),
    loadBalancer: wrap(ports.loadBalancer),
    hosts: wrap(ports.hosts),
    store: wrap(ports.store),
    calls: () => calls,
  };
}
