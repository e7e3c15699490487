import { MIB } from '../../core/bytes.ts';
import { VM_ROOT } from '../../core/vm/escape.ts';
import type { Machine } from './machine.ts';

/** Seconds: a filesystem of some GiB is made. */
const LONG = 120;

/** The machine's mounts, which components get; the agent's own may be others. */
const MOUNTS = '/proc/1/mounts';

/** The component would fill the disk of all in place of its own. */
class DiskUnseen extends Error {
  override readonly name = 'DiskUnseen';
}

/**
 * Disks of VM shards: a filesystem of its own for each, in a file whose blocks are allocated, mounted at its directory. So
 * nobody takes what another was promised, on every machine with loop devices, whatever the root filesystem is (project
 * quotas would need XFS mounted for them, which no usual AMI does). It can grow, and never shrink.
 */
export class Disks {
  readonly #machine: Machine;
  readonly #root: string;

  /** @param root directory of all disks; tests have one of their own */
  constructor(machine: Machine, root = VM_ROOT) {
    this.#machine = machine;
    this.#root = root;
  }

  /**
   * Makes the disk or lets it grow.
   * @param storage MiB; 0: none
   * @returns MiB that bound it now
   */
  async ensure({
    shardID,
    storage,
  }: {
    readonly shardID: string;
    readonly storage: number;
  }): Promise<number> {
    if (storage === 0) return 0;
    const directory = `${this.#root}/${shardID}`;
    const image = imageOf(directory);
    await this.#machine.makeDirectory(directory);
    const size = await this.#sizeOf(image);
    const bytes = storage * MIB;
    if (size < bytes) await this.#machine.run('fallocate', ['-l', `${bytes}`, image], LONG);
    // What one component keeps is not for the others to read, nor for anybody else here.
    await this.#machine.run('chmod', ['600', image]);
    // One that was killed while it made the filesystem has not mounted it.
    const made = await this.#machine.run('blkid', ['-p', '-o', 'value', '-s', 'TYPE', image]).catch(() => '');
    if (made.trim() !== 'ext4') await this.#machine.run('mkfs.ext4', ['-q', '-F', '-m', '0', image], LONG);
    if ((await this.#deviceAt(directory)) === undefined) await this.#mount(image, directory);
    const device = await this.#deviceAt(directory);
    if (device !== undefined && size > 0 && size < bytes) {
      await this.#machine.run('losetup', ['-c', device]);
      await this.#machine.run('resize2fs', [device], LONG);
    }
    return Math.max(storage, Math.round(size / MIB));
  }

  /** Ends the disk, with all that is on it. Harmless where there is none. */
  async remove(shardID: string): Promise<void> {
    const directory = `${this.#root}/${shardID}`;
    if ((await this.#deviceAt(directory)) !== undefined) await this.#machine.run('umount', [directory]);
    await this.#machine.remove(imageOf(directory));
    await this.#machine.remove(directory);
  }

  async #sizeOf(image: string): Promise<number> {
    if (!(await this.#machine.list(this.#root)).includes(image.slice(this.#root.length + 1))) return 0;
    return Number((await this.#machine.run('stat', ['-c', '%s', image])).trim());
  }

  /** @throws {DiskUnseen} */
  async #mount(image: string, directory: string): Promise<void> {
    await this.#machine.run('mount', ['-o', 'loop,nodev,nosuid', image, directory]);
    if ((await this.#deviceAt(directory)) !== undefined) return;
    await this.#machine.run('umount', [directory]);
    throw new DiskUnseen(
      `${directory}: mounted where only the agent sees it; its unit must not have mounts of its own`,
    );
  }

  /** The device that is mounted at a directory, if one is. */
  async #deviceAt(directory: string): Promise<string | undefined> {
    const mounts = ((await this.#machine.read(MOUNTS)) ?? '').split('\n');
    return mounts.map((line) => line.split(' ')).findLast(([, at]) => at === directory)?.[0];
  }
}

const imageOf = (directory: string) => `${directory}.img`;
