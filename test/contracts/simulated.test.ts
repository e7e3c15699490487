import { describe } from 'vitest';
import { World } from '../../backtest/world/world.ts';
import { settingsOf, traceOf } from '../world/fixtures.ts';
import { fleetContract } from './fleet.ts';
import type { Harness } from './harness.ts';
import { loadBalancerContract } from './load-balancer.ts';
import {
  clockContract,
  eventsContract,
  hostsContract,
  loadMetricsContract,
  workflowsContract,
} from './others.ts';
import { shardStoreContract } from './shard-store.ts';

let handled: unknown[] = [];

async function make(): Promise<Harness> {
  const settings = settingsOf(['web'], { max: 4 });
  const trace = traceOf({ web: Array.from({ length: 600 }, (_, i) => i) });
  const world = new World({ settings, trace, from: 10, end: 600, seed: 1 });
  handled = [];
  world.workflows.handlers.set('move', async (input) => handled.push(input));
  return {
    ports: world.ports,
    settings,
    drive: (work) => world.clock.settle(work),
    wait: (seconds) => world.runUntil(world.clock.now() + seconds),
  };
}

describe('the simulated world', () => {
  fleetContract(make);
  loadBalancerContract(make);
  shardStoreContract(make);
  clockContract(make);
  hostsContract(make);
  loadMetricsContract(make);
  workflowsContract(make, () => handled);
  eventsContract(make);
});
