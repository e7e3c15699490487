import { Client } from './client.ts';
import type { Fault } from './life.ts';
import { type Host, SHARD, World } from './world.ts';

/** One thing that goes wrong, at one step of one agent. */
export interface Trouble {
  readonly at: 'source' | 'target';
  /** Step of that agent's process. */
  readonly number: number;
  readonly after: boolean;
  readonly kind: TroubleKind;
  /** Which life of that agent: 0, or the one after it was killed. @default 0 */
  readonly life?: number;
}

export const KINDS = [
  'kill',
  'kill long',
  'throw',
  'cut',
  'isolate',
  'isolate long',
  'cut and isolate',
  'cut and isolate long',
  'pause',
  'terminate',
] as const;

/** Seconds of a pause. */
const PAUSE = 6;
export type TroubleKind = (typeof KINDS)[number];

export interface Ended {
  readonly world: World;
  readonly phase: string | undefined;
  readonly error: string | undefined;
  /** All that must not be, in words. */
  readonly wrongs: readonly string[];
  readonly steps: Record<'source' | 'target', readonly string[]>;
  readonly first: Record<'source' | 'target', number>;
  readonly logs: string;
}

/** Seconds after which a killed agent is there again: within its lease, and long after. */
const RESTART = { kill: 3, 'kill long': 60 } as const;
const ISOLATED = {
  isolate: 4,
  'isolate long': 70,
  'cut and isolate': 4,
  'cut and isolate long': 70,
} as const;

/** Steps of each agent before the notice in a calm world: what troubles count from. */
export const numberOf = (calm: Ended, trouble: Trouble): Trouble =>
  trouble.life ? trouble : { ...trouble, number: calm.first[trouble.at] + trouble.number };

/** A notice for the source while clients write, with these troubles. */
export async function play(troubles: readonly Trouble[], slots = 2): Promise<Ended> {
  const world = new World(slots);
  const hosts: Partial<Record<'source' | 'target', Host>> = {};
  let isHealed = false;
  const faultOf =
    (who: 'source' | 'target', life = 0): Fault =>
    ({ number, after, name }) => {
      let late = 0;
      for (const one of isHealed ? [] : troubles)
        if (one.at === who && one.number === number && one.after === after && (one.life ?? 0) === life)
          late += happen(world, hosts[who]!, one.kind, name, faultOf(who, life + 1));
      return late;
    };
  const source = await world.host('i-source', { fault: faultOf('source') });
  hosts.source = source;
  const target = await world.host('i-target', { active: false, fault: faultOf('target') });
  hosts.target = target;
  await world.give(
    source,
    Array.from({ length: slots }, (_, i) => i),
  );
  await world.agents.order(source.slice, { reserve: target.slice });
  await world.pass(12);
  const client = new Client(world);
  await world.pass(1);
  const first = { source: source.life.number, target: target.life.number };
  world.notice(source, { noticeAt: world.clock.now(), deadline: world.clock.now() + 110 });
  // Each notice comes twice.
  await world.pass(0.02);
  world.notice(source, {});
  const isOver = async () => ['done', 'failed'].includes((await world.record(source))?.phase ?? '');
  await world.until(isOver, 20);
  await world.pass(2);
  const steps = {
    source: source.life.names.slice(first.source),
    target: target.life.names.slice(first.target),
  };
  if (troubles.length > 0) {
    client.every = 1;
    await world.pass(120);
    // From here on all is well, and what is left to be done is done.
    isHealed = true;
    for (const host of world.hosts.values()) {
      host.life.isolated = false;
      if (!host.up) await world.start(host);
    }
    await world.pass(30);
    await world.until(isOver, 60);
    client.every = 0.2;
    await world.pass(15);
  }
  client.stop();
  await world.pass(12);
  const record = await world.record(source);
  const gone = troubles.filter(({ kind }) => kind === 'terminate').map(({ at }) => at);
  const isGone = gone.length > 0;
  const wrongs = [...client.wrongs, ...source.app.wrongs, ...target.app.wrongs];
  // What the new holder takes with it after the hand-over is nobody's fault.
  if (!isGone || (record?.phase === 'done' && !gone.includes('target')))
    wrongs.push(...(await client.lost()).map((one) => `lost: ${one} (record ${record?.phase})`));
  if (!isGone) {
    wrongs.push(...(await unserved(world)));
    if (!(await isOver())) wrongs.push(`the record is ${record?.phase}`);
  }
  if (record?.phase === 'failed' && !record.error) wrongs.push('failed without an error');
  const logs = [source, target].map((one) => `${one.instance}\n${one.logs.join('\n')}`).join('\n');
  await world.close();
  return { world, phase: record?.phase, error: record?.error, wrongs, steps, first, logs };
}

function happen(world: World, host: Host, kind: TroubleKind, name: string, fault: Fault): number {
  if (kind === 'throw') throw new Error(`${name}: trouble`);
  if (kind.startsWith('cut')) for (const link of host.links) link.cut();
  if (kind === 'terminate') world.terminate(host);
  if (kind === 'kill' || kind === 'kill long') {
    world.kill(host);
    world.clock.after(RESTART[kind], () => {
      // What was killed twice at once, or taken meanwhile, starts once or not at all.
      if (!host.up && world.hosts.has(host.instance)) void world.start(host, fault);
    });
  }
  if (kind in ISOLATED) {
    const { life } = host;
    life.isolated = true;
    world.clock.after(ISOLATED[kind as keyof typeof ISOLATED], () => {
      life.isolated = false;
    });
  }
  return kind === 'pause' ? PAUSE : 0;
}

/** Slots that not exactly their holder serves. */
export async function unserved(world: World): Promise<string[]> {
  const map = await world.maps.read(SHARD, world.slots);
  return map.flatMap(({ slot, epoch, holder }) => {
    const where = [...world.hosts.values()].flatMap(({ slice, serving }) => {
      const look = serving.runtime(slice)?.table.look(slot);
      return look?.state === 'serving' && !look.lapsed ? [`${slice} under ${look.epoch}`] : [];
    });
    const apps = [...world.hosts.values()].flatMap(({ slice, app }) => {
      const one = app.slots.get(slot);
      return one?.serving && !one.quiet ? [slice] : [];
    });
    const wrongs: string[] = [];
    if (where.join() !== `${holder} under ${epoch}`)
      wrongs.push(`slot ${slot} is held by ${holder} under ${epoch}, served by ${where.join() || 'nobody'}`);
    if (apps.join() !== holder)
      wrongs.push(`slot ${slot} is held by ${holder}, active in ${apps.join() || 'none'}`);
    return wrongs;
  });
}
