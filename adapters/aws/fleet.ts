import type { FleetAction, OpenRequest, Refusal } from '../../core/capacity/plan.ts';
import { attempt, type Failure } from '../../core/failure.ts';
import type { Fleet, SpotAnnouncement } from '../../core/ports.ts';
import type { Group, Instance } from '../../core/shards/instance.ts';
import type { Seconds } from '../../core/time.ts';
import { discard, release, start, stock } from './fleet-actions.ts';
import { patienceOf, settleDesired } from './fleet-desired.ts';
import { readGroups } from './fleet-groups.ts';
import { type InstanceItem, originOf, phaseOf, toInstance } from './fleet-instance.ts';
import { launch, readRefusals } from './fleet-launch.ts';
import { observe } from './fleet-observe.ts';
import { changeItem, type FleetParts, type FleetState, machinesOf, membersOf } from './fleet-parts.ts';
import { completeReleases, protectNew } from './fleet-release.ts';
import { bindRequest, openOf, readRequests, replacedBy } from './fleet-requests.ts';
import { settleStandby, wake } from './fleet-standby.ts';
import { PK } from './table.ts';

/** Seconds for which what was read is used again: the calls of one tick, and no longer. */
const LIFE: Seconds = 2;

interface Told {
  readonly text: string;
  readonly instance: Instance;
}

/**
 * The machines, in two Auto Scaling groups: a steady On-Demand one with the warm pool, and a Spot one.
 *
 * Lifecycle: `apply` says what should be; `settle`, once a tick, carries on what takes longer: releases whose slices
 * have left, new instances to protect, standbys to stop or to wake, requests that expired.
 *
 * Invariants: only `settle` and `apply(start)` write desired capacity, always absolute, and only the plan's tick calls
 * them (its lease keeps it to one; two at once set the same or the next one repairs it). No instance in service is ever
 * stopped; what is to be stopped leaves service first. Nothing that is protected and not released is ended.
 *
 * Gotchas: Auto Scaling's lists lag behind its calls by some seconds, so a start shows as an open request first;
 * which stopped instance a start takes is nobody's choice; what was read is kept for 2 s.
 */
export class AwsFleet implements Fleet {
  readonly #parts: FleetParts;
  #state: FleetState | undefined;
  /** Facts as they were told last: an instance that did not change stays the same object. */
  #told = new Map<string, Told>();

  constructor(parts: FleetParts) {
    this.#parts = parts;
  }

  /** One call, one per 50 instances in the warm pool, and one query. */
  async list(): Promise<readonly Instance[]> {
    const state = await this.#read();
    const told = new Map<string, Told>();
    for (const member of membersOf(state)) {
      const instance = toInstance(member, state.items.get(member.id), this.#parts.settings, state.at);
      if (instance === undefined) continue;
      const text = JSON.stringify(instance);
      const before = this.#told.get(instance.id);
      told.set(instance.id, before?.text === text ? before : { text, instance });
    }
    this.#told = told;
    return [...told.values()].map(({ instance }) => instance);
  }

  /** @throws {FleetLimit} @throws {RangeError} where a `wake` is asked without EC2. */
  async apply(action: FleetAction, key: string): Promise<void> {
    const parts = this.#parts;
    const state = await this.#read();
    if (action.kind === 'release') return release(parts, state, action);
    try {
      if (action.kind === 'start') await start(parts, state, action, key);
      else if (action.kind === 'stock') await stock(parts, state, action.count, key);
      else if (action.kind === 'launch') await launch(parts, state, action, key);
      else if (action.kind === 'discard') await discard(parts, state, action.instance, key);
      else await wake(parts, state, action.instance);
    } finally {
      this.#state = undefined;
    }
  }

  /** It leaves service when its slices are out of their shards, without a way back; a stopped one ends now. */
  async retire(instance: string, why: 'failed' | 'unhealthy'): Promise<void> {
    const state = await this.#read();
    const member = membersOf(state).find(({ id }) => id === instance);
    const item = state.items.get(instance);
    if (member === undefined || item?.deadline !== undefined) return;
    const phase = phaseOf(member);
    if (phase === 'leaving' || phase === 'ended' || item?.sentAt !== undefined) return;
    if (phase === 'warm' || phase === 'stocking') {
      // The group fills its stock again.
      await machinesOf(this.#parts).terminate([instance]);
      this.#state = undefined;
    } else if (item?.intent?.to !== 'retired') {
      const intent = { to: 'retired', why, at: state.at };
      await changeItem(this.#parts, state, instance, { set: { intent, group: member.group } });
    }
  }

  /** The first word stands: a repeat may come with a later time. */
  async announce(instance: string, said: SpotAnnouncement): Promise<void> {
    const { table } = this.#parts;
    const [set, first] =
      said.kind === 'rebalance'
        ? [{ rebalanceAt: said.at }, 'rebalanceAt']
        : [{ noticeAt: said.at, deadline: said.deadline }, 'deadline'];
    const { ok, item } = await table.update(PK.instance, instance, { set }, { [first]: { absent: true } });
    if (ok && item !== undefined) this.#state?.items.set(instance, item as InstanceItem);
  }

  /** What the fleet was asked for and does not show yet. */
  async openRequests(): Promise<readonly OpenRequest[]> {
    const [state, requests] = await Promise.all([this.#read(), readRequests(this.#parts.table)]);
    const { groups, items, at } = state;
    return Object.values(groups).flatMap((group) => [
      ...openOf(requests, group, at),
      ...replacedBy(group, items, at, patienceOf(this.#parts)),
    ]);
  }

  /** Zones that had no capacity of late: a launch there would be refused again. */
  refusals(): Promise<readonly Refusal[]> {
    return readRefusals(this.#parts.table, this.#parts.clock.now());
  }

  /**
   * An instance has come up and is held by the launch hook: it takes the oldest open request of its group. A repeat
   * changes nothing. @returns the request's id, if one was open
   */
  async bind(instance: string, group: Group, at: Seconds): Promise<string | undefined> {
    const { table } = this.#parts;
    const item = (await table.get(PK.instance, instance)) as InstanceItem | undefined;
    if (item?.state !== 'starting' && item?.state !== 'running') {
      const set = { group, state: 'starting', since: at, origin: originOf(item) };
      await table.update(PK.instance, instance, { set, remove: ['intent', 'outAt', 'sentAt'] });
      this.#state = undefined;
    }
    // A standby that wakes was asked for by name.
    if (item?.wakeAt !== undefined) return undefined;
    return bindRequest(table, instance, group, this.#parts.clock.now());
  }

  /**
   * Carries on what is under way; once a tick, before the snapshot. What failed is in the result and is tried again
   * by the next one. @throws what reading throws; nothing was touched then.
   */
  async settle(): Promise<readonly Failure[]> {
    this.#state = undefined;
    const parts = this.#parts;
    const state = await this.#read();
    const failures: Failure[] = [];
    const steps = [observe, completeReleases, protectNew, settleStandby, settleDesired];
    for (const step of steps) await attempt(failures, step.name, () => step(parts, state, failures));
    this.#state = undefined;
    return failures;
  }

  async #read(): Promise<FleetState> {
    const now = this.#parts.clock.now();
    if (this.#state !== undefined && this.#state.at > now - LIFE) return this.#state;
    const [groups, items] = await Promise.all([
      readGroups(this.#parts),
      this.#parts.table.query(PK.instance),
    ]);
    this.#state = {
      at: now,
      groups,
      items: new Map(items.map((item) => [item.sk, item as InstanceItem])),
    };
    return this.#state;
  }
}
