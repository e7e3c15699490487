import type { ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkNamespace } from './network.ts';
import { end, eventually, hasEnded, launch, tried } from './processes.ts';

const ADDRESS = '169.254.169.254';

export interface MetadataParts {
  readonly mock: string;
  readonly folder: string;
  readonly network: NetworkNamespace;
  readonly instance: string;
  readonly address: string;
  readonly zone: string;
}

/** What Spot says in the metadata: a recommendation at once, or with it a notice that ends at `deadline` (ISO 8601). */
export type Announced =
  | { readonly kind: 'rebalance' }
  | { readonly kind: 'notice'; readonly deadline: string };

/**
 * AWS's mock of the instance metadata (IMDSv2 only) at its usual address in the host's network.
 *
 * Gotchas: the mock knows a delay from its start and no other way to begin, so it is started anew when Spot says
 * something: tokens from before are refused then, as they are when their time is over.
 */
export class InstanceMetadata {
  readonly #parts: MetadataParts;
  #mock: ChildProcess | undefined;

  constructor(parts: MetadataParts) {
    this.#parts = parts;
  }

  /** Everything but Spot's announcements. */
  async start(): Promise<void> {
    const { network, folder, instance, address, zone } = this.#parts;
    await network.ip('addr', 'add', `${ADDRESS}/32`, 'dev', 'lo');
    const values = {
      'instance-id': instance,
      'local-ipv4': address,
      'placement-availability-zone': zone,
      'placement-region': zone.slice(0, -1),
      'instance-life-cycle': 'spot',
    };
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'metadata.json'), JSON.stringify({ metadata: { values } }));
    // Without an announcement yet: both come after a day.
    await this.#serve(['-d', '86400', '--rebalance-delay-sec', '86400']);
  }

  async say(what: Announced): Promise<void> {
    await this.#serve(
      what.kind === 'rebalance'
        ? ['-d', '86400', '--rebalance-delay-sec', '0']
        : ['-d', '0', '--rebalance-delay-sec', '0', '-t', what.deadline],
    );
  }

  async #serve(spot: readonly string[]): Promise<void> {
    const { mock, network, folder } = this.#parts;
    await this.close();
    const config = join(folder, 'metadata.json');
    const args = ['spot', '-I', ...spot, '-n', ADDRESS, '-p', '80', '-c', config];
    const log = join(folder, 'metadata.log');
    const started = launch(network.within(mock, args), { log, env: { ...process.env, HOME: folder } });
    this.#mock = started;
    await eventually('the metadata mock answers', async () => {
      if (hasEnded(started)) throw new Error(`the metadata mock ended: see ${log}`);
      const [ss, listening] = network.within('ss', ['-Htln', `src ${ADDRESS}:80`]);
      return (await tried(ss, listening)).stdout.includes(':80');
    });
  }

  async close(): Promise<void> {
    if (this.#mock !== undefined) await end(this.#mock);
    this.#mock = undefined;
  }
}
