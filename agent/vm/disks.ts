import { directoryOf, VM_ROOT } from '../../core/vm/escape.ts';
import type { InForce } from '../../core/vm/report.ts';
import { MIB } from './cgroups.ts';
import type { Machine } from './machine.ts';

/** A disk of a VM shard, as far as it matters here. */
interface Wanted {
  readonly shardID: string;
  /** Of its slice: unique on the instance, and its number among the projects of the filesystem. */
  readonly port: number;
  /** MiB; 0: none. */
  readonly storage: number;
}

type Enforced = Pick<InForce, 'storage' | 'storageBy'>;

/** Seconds: a filesystem of some GiB is made. */
const LONG = 120;

/**
 * Disks of VM shards: a directory with a bound. Where {@link VM_ROOT} is on XFS with project quotas, the directory is a
 * project. Elsewhere it is a filesystem of its own in a file whose blocks are allocated, mounted there: that holds on
 * every machine with loop devices, and can grow, but never shrink.
 */
export class Disks {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Makes the disk or lets it grow. @returns what bounds it now. */
  async ensure(shard: Wanted): Promise<Enforced> {
    if (shard.storage === 0) return {};
    const directory = directoryOf(shard.shardID);
    await this.#machine.makeDirectory(directory);
    const quota = await this.#quotaMount();
    if (quota === undefined) return this.#ensureImage(shard, directory);
    await this.#quota(quota, `project -s -p ${directory} ${shard.port}`);
    await this.#quota(quota, `limit -p bhard=${shard.storage}m ${shard.port}`);
    return { storage: await this.#limitOf(quota, shard.port), storageBy: 'quota' };
  }

  /** Ends the disk, with all that is on it. */
  async remove({ shardID, port }: Pick<Wanted, 'shardID' | 'port'>): Promise<void> {
    const directory = directoryOf(shardID);
    if ((await this.#mountAt(directory)) !== undefined) await this.#machine.run('umount', [directory]);
    await this.#machine.remove(imageOf(shardID));
    await this.#machine.remove(directory);
    const quota = await this.#quotaMount();
    if (quota !== undefined) await this.#quota(quota, `limit -p bhard=0 ${port}`);
  }

  async #ensureImage({ shardID, storage }: Wanted, directory: string): Promise<Enforced> {
    const image = imageOf(shardID);
    const size = Number((await this.#machine.run('stat', ['-c', '%s', image]).catch(() => '0')).trim());
    const bytes = storage * MIB;
    if (size < bytes) await this.#machine.run('fallocate', ['-l', `${bytes}`, image], LONG);
    const made = await this.#machine.run('blkid', ['-p', '-o', 'value', '-s', 'TYPE', image]).catch(() => '');
    if (made.trim() !== 'ext4') await this.#machine.run('mkfs.ext4', ['-q', '-F', '-m', '0', image], LONG);
    let mounted = await this.#mountAt(directory);
    if (mounted === undefined) {
      await this.#machine.run('mount', ['-o', 'loop,nodev,nosuid', image, directory]);
      mounted = await this.#mountAt(directory);
    }
    if (mounted !== undefined && size > 0 && size < bytes) {
      await this.#machine.run('losetup', ['-c', mounted.source]);
      await this.#machine.run('resize2fs', [mounted.source], LONG);
    }
    return { storage: Math.max(storage, Math.round(size / MIB)), storageBy: 'image' };
  }

  /** Where project quotas are enforced, if the disks are on such a filesystem. */
  async #quotaMount(): Promise<string | undefined> {
    const mounts = await this.#mounts();
    const within = mounts.filter(({ at }) => at === '/' || `${VM_ROOT}/`.startsWith(`${at}/`));
    const nearest = within.sort((a, b) => b.at.length - a.at.length)[0];
    const enforced = nearest?.options.some((one) => one === 'prjquota' || one === 'pquota');
    return nearest?.type === 'xfs' && enforced ? nearest.at : undefined;
  }

  async #mountAt(directory: string) {
    return (await this.#mounts()).findLast(({ at }) => at === directory);
  }

  async #mounts() {
    const text = (await this.#machine.read('/proc/self/mounts')) ?? '';
    return text.split('\n').flatMap((line) => {
      const [source, at, type, options = ''] = line.split(' ');
      return source && at && type ? [{ source, at, type, options: options.split(',') }] : [];
    });
  }

  #quota(mount: string, command: string): Promise<string> {
    return this.#machine.run('xfs_quota', ['-x', '-c', command, mount]);
  }

  /** Lines of the report: `#<project> <used> <soft> <hard> …`, in KiB. */
  async #limitOf(mount: string, project: number): Promise<number> {
    const report = await this.#quota(mount, 'report -p -n -N -b');
    const row = report.split('\n').find((line) => line.trim().startsWith(`#${project} `));
    return Math.round(Number(row?.trim().split(/\s+/)[3] ?? 0) / 1024);
  }
}

export const imageOf = (shardID: string) => `${directoryOf(shardID)}.img`;
