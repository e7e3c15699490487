import type { AgentOrders } from '../../core/hand-over/agents.ts';
import type { HandOver } from '../../core/hand-over/record.ts';
import type { Seconds } from '../../core/time.ts';
import { Gateway, type GatewayParts } from '../gateway/gateway.ts';
import { SlotKeeper } from '../gateway/keeper.ts';
import { Lease } from '../gateway/lease.ts';
import { Peers } from '../gateway/peers.ts';
import { SlotTable } from '../gateway/slot-table.ts';
import { Spaced } from '../gateway/spaced.ts';
import type { ActiveSlice, Host, Notice, Serving } from '../serving.ts';
import { AppRun } from './app-run.ts';
import { Incoming } from './incoming.ts';
import type { SessionParts } from './parts.ts';
import type { SliceRuntime } from './runtime.ts';
import { everyOf, SliceSessions } from './slice-sessions.ts';

export interface ServingOptions extends SessionParts {
  readonly host: Pick<Host, 'instance' | 'activate'>;
  /** What stands in front of an application. @default {@link Gateway}, on every address of the instance */
  readonly gateway?: (parts: GatewayParts) => Pick<Gateway, 'listen' | 'close'>;
}

interface Open extends SliceRuntime {
  readonly gateway: Pick<Gateway, 'listen' | 'close'>;
  readonly sessions: SliceSessions;
}

/** The slots of one instance: gateways, keepers and hand-overs of its slices, under the one lease of the agent. */
export class SlotServing implements Serving {
  readonly lease: Lease;
  readonly incoming: Incoming;
  readonly #options: ServingOptions;
  readonly #peers: Peers;
  readonly #end = new AbortController();
  readonly #open = new Map<string, Open>();
  #orders: AgentOrders = { reserves: {}, handOvers: {} };
  #notice: Notice = {};

  constructor(options: ServingOptions) {
    const { agents, clock, host } = options;
    this.#options = options;
    this.lease = new Lease(clock);
    this.#peers = new Peers(agents, clock);
    this.incoming = new Incoming(
      options,
      host.instance,
      (slice, shard) => this.#activate(slice, shard),
      // Where Spot takes this instance, too, what has come goes on.
      (slice) => void this.#open.get(slice)?.sessions.look(),
      this.#end.signal,
    );
  }

  async open(active: ActiveSlice): Promise<void> {
    this.#end.signal.throwIfAborted();
    if (this.#open.has(active.slice)) return;
    const open = this.#make(active);
    await open.gateway.listen();
    this.#open.set(active.slice, open);
    this.#options.log.info('slice-open', {
      slice: active.slice,
      shard: active.shard.name,
      port: active.port,
    });
    void open.sessions.look();
  }

  holds(slice: string): boolean {
    const open = this.#open.get(slice);
    if (open === undefined) return false;
    const { table } = open;
    return everyOf(table).some((slot) => table.look(slot).state !== 'away') || this.incoming.expects(slice);
  }

  async close(slice: string): Promise<void> {
    const open = this.#open.get(slice);
    if (open === undefined) return;
    await open.sessions.close('the slice leaves its shard');
    await this.incoming.leave(slice);
    await open.keeper.close();
    this.#open.delete(slice);
    await open.gateway.close();
    open.table.close();
    this.#options.log.info('slice-closed', { slice });
  }

  beaten(orders: AgentOrders, began: Seconds, seconds: Seconds): void {
    if (this.#end.signal.aborted) return;
    this.lease.renew(began, seconds);
    this.#orders = orders;
    for (const { sessions } of this.#open.values()) void sessions.look();
  }

  saw(slice: string, generation: string): boolean {
    const run = this.#open.get(slice)?.run;
    run?.see(generation);
    return run?.isLost !== true;
  }

  noticed(notice: Notice): void {
    this.#notice = notice;
    if (notice.noticeAt !== undefined) this.incoming.noticed();
    for (const { sessions } of this.#open.values()) void sessions.look();
  }

  async handOver(slice: string, target: string): Promise<string> {
    const open = this.#open.get(slice);
    if (open === undefined) throw new RangeError(`slice: expected one that serves slots, got ${slice}`);
    return said(await open.sessions.planned(target));
  }

  /** What runs for a slice, if it is open. */
  runtime(slice: string): SliceRuntime | undefined {
    return this.#open.get(slice);
  }

  /** Nothing is served any more. Slots stay this instance's until its lease is over: the next agent has them again. */
  async stop(): Promise<void> {
    const all = [...this.#open.values()];
    await Promise.all(all.map(({ sessions }) => sessions.close('the agent stops')));
    this.#end.abort(new Error('the agent ends'));
    this.lease.end();
    await Promise.all(all.map(({ gateway }) => gateway.close()));
    for (const { table } of all) table.close();
    this.#open.clear();
  }

  #make({ slice, port, appPort, shard, app, generation }: ActiveSlice): Open {
    const { maps, clock, log, gateway: make = (parts) => new Gateway(parts) } = this.#options;
    const { lease } = this;
    const { slots } = shard.handOver;
    const table = new SlotTable(slice, slots.count, lease);
    const keeper = new SlotKeeper({
      shard: shard.name,
      table,
      maps,
      app,
      lease,
      log,
      confirm: (slot, epoch) => this.incoming.confirm(slice, slot, epoch),
      brought: (slot, epoch) => this.incoming.brought(slice, slot, epoch),
    });
    const looks = new Spaced(clock, () => keeper.refresh());
    const gateway = make({
      port,
      app: { host: '127.0.0.1', port: appPort },
      rule: slots,
      health: shard.health.path,
      table,
      lease,
      peers: this.#peers,
      clock,
      refresh: looks.soon,
    });
    const run = new AppRun(generation, () => {
      // At once: what the application answers from here on is not what it had acknowledged.
      table.control(everyOf(table), true);
      table.seal(everyOf(table));
      void sessions.look();
    });
    const settings = shard.handOver;
    const runtime: SliceRuntime = { slice, shard: shard.name, settings, app, table, keeper, run };
    // Nothing is taken before it is known what an agent that ended has left.
    table.control(everyOf(table), true);
    const sessions = new SliceSessions(this.#options, runtime, {
      lease,
      notice: () => this.#notice,
      reserve: () => this.#orders.reserves[slice],
      order: () => this.#orders.handOvers[slice],
      recover: () => this.incoming.recover(runtime),
      end: this.#end.signal,
    });
    return { ...runtime, gateway, sessions };
  }

  async #activate(slice: string, shard: string): Promise<SliceRuntime> {
    const there = this.#open.get(slice);
    if (there !== undefined && there.shard !== shard && there.table.hasServed)
      throw new Error(`${slice} has served slots of ${there.shard}: expected none before it serves ${shard}`);
    await this.#options.host.activate(slice, shard, 'hand-over');
    const open = this.#open.get(slice);
    if (open === undefined || open.shard !== shard)
      throw new Error(`${slice}: expected the environment of ${shard}, got ${open?.shard ?? 'none'}`);
    await open.sessions.look();
    if (!open.sessions.isRecovered)
      throw new Error(`${slice}: expected a lease to take slots under, got none`);
    return open;
  }
}

function said({ id, phase, error, progress }: HandOver): string {
  const pause = progress?.pause === undefined ? '' : `, ${progress.pause.toFixed(2)} s of pause`;
  return `${id}: ${phase}${error === undefined ? '' : ` (${error})`}${pause}`;
}
