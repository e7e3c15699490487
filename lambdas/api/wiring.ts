import { randomUUID } from 'node:crypto';
import { handOverPorts } from '../../adapters/aws/hand-over/ports.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import { VmItems } from '../../adapters/aws/vm-items.ts';
import { StepWorkflows } from '../../adapters/aws/workflows.ts';
import type { Ports } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { VmFlows } from '../../flows/vm.ts';
import type { EnvironmentOf } from '../environment.ts';
import { dynamoClient, sfnClient } from '../lib/clients.ts';
import { lazyFleetOf } from '../lib/fleet.ts';
import { settingsOf } from '../lib/settings.ts';
import { clock, eventsOf, storeOf, tableOf } from '../lib/wiring.ts';
import { type OncePerKey, oncePerKey } from './idempotency.ts';
import type { ApiParts, VmShards } from './parts.ts';
import { readRisks } from './risks.ts';

export interface Wired {
  readonly parts: ApiParts;
  readonly once: OncePerKey;
}

/** The API on AWS. */
export function wire(env: EnvironmentOf<'api'>): Wired {
  const table = tableOf(env);
  const settings = settingsOf(env);
  const workflows = new StepWorkflows(sfnClient(), { 'hand-over': env.HAND_OVER_MACHINE });
  const ports = unwiredPorts({
    clock,
    store: storeOf(env),
    events: eventsOf(env),
    fleet: lazyFleetOf(env, settings),
    workflows,
    ...handOverPorts(table),
  });
  const vms = new VmItems(table);
  const parts: ApiParts = {
    clock,
    table,
    workflows,
    settings,
    risks: async () => readRisks(ports, table, await settings()),
    vm: vmShards(ports, vms, settings),
    newId: randomUUID,
  };
  return { parts, once: oncePerKey(env.TABLE, dynamoClient) };
}

/** {@link VmFlows} under the settings as of each call. */
export function vmShards(ports: Ports, vms: VmItems, settings: () => Promise<Settings>): VmShards {
  const flows = async () => new VmFlows({ ports, vms, settings: await settings() });
  return {
    list: async () => (await flows()).list(),
    get: async (instance) => (await flows()).get(instance),
    allocate: async (instance, shards, policy) => (await flows()).allocate(instance, shards, policy),
    resize: async (instance, shard, size) => (await flows()).resize(instance, shard, size),
    freeze: async (instance, shard) => (await flows()).freeze(instance, shard),
    thaw: async (instance, shard) => (await flows()).thaw(instance, shard),
    remove: async (instance, shard) => (await flows()).remove(instance, shard),
    reserve: async (instance, shard, until) => (await flows()).reserve(instance, shard, until),
    move: async (instance, shard, to) => (await flows()).move(instance, shard, to),
  };
}
