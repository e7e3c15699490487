import { connect, makeBridge, NetworkNamespace } from '../../test/hosts/rig/network.ts';
import { run } from '../../test/hosts/rig/processes.ts';

export const MBIT = 1_000_000;

/** Addresses on the link that is measured; the other network has the load balancer. */
export const SOURCE = '10.112.0.1';
export const TARGET = '10.112.0.2';

/**
 * Two hosts with a cable between them that carries as much as is said, and each with another one, unlimited, to a third
 * place, where the load balancer and its client are.
 */
export interface Place {
  readonly source: NetworkNamespace;
  readonly target: NetworkNamespace;
  readonly outside: NetworkNamespace;
  /** Limits the cable, both ways. */
  shape(bitsPerSecond: number): Promise<void>;
  close(): Promise<void>;
}

export async function makePlace(): Promise<Place> {
  const all = await Promise.all([NetworkNamespace.make(), NetworkNamespace.make(), NetworkNamespace.make()]);
  const [source, target, outside] = all;
  await makeBridge(outside);
  await connect(outside, source, 2);
  await connect(outside, target, 3);
  await source.ip(
    'link',
    'add',
    'cable',
    'type',
    'veth',
    'peer',
    'name',
    'cable',
    'netns',
    String(target.pid),
  );
  for (const [host, address] of [
    [source, SOURCE],
    [target, TARGET],
  ] as const) {
    await host.ip('addr', 'add', `${address}/24`, 'dev', 'cable');
    await host.ip('link', 'set', 'cable', 'up');
  }
  return {
    source,
    target,
    outside,
    shape: async (bitsPerSecond) => {
      // A bucket of 4 ms: large enough for the packets of 64 KiB that the kernel makes, too small to matter.
      const burst = Math.max(131_072, Math.round((bitsPerSecond / 8) * 0.004));
      const rule = `qdisc replace dev cable root tbf rate ${bitsPerSecond} burst ${burst} latency 20ms`;
      for (const host of [source, target]) await run(...host.within('tc', rule.split(' ')));
    },
    close: async () => {
      await Promise.all(all.map((one) => one.close()));
    },
  };
}
