import { describe } from 'vitest';
import { settingsOf } from '../world/fixtures.ts';
import { AwsWorld } from './aws-world.ts';
import { fleetContract } from './fleet.ts';
import type { Harness } from './harness.ts';
import { loadBalancerContract } from './load-balancer.ts';
import { hostsContract } from './others.ts';
import { shardStoreContract } from './shard-store.ts';

async function make(options = {}): Promise<Harness> {
  const world = new AwsWorld(settingsOf(['web'], { max: 4 }), options);
  return {
    ports: world.ports,
    settings: world.settings,
    drive: (work) => world.drive(work),
    wait: (seconds) => world.wait(seconds),
    shows: 6,
  };
}

describe('AWS, by the model', () => {
  fleetContract(make);
  loadBalancerContract(make);
  shardStoreContract(make);
  hostsContract(make);
});

describe('AWS, by the model, each call taking 50 ms and the buckets enforced', () => {
  const slow = () => make({ latency: 0.05, buckets: true });
  fleetContract(slow);
  loadBalancerContract(slow);
  hostsContract(slow);
});
