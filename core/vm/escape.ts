/** Slice of all VM shards: what is not the system's. */
export const ALL_SLICE = 'foreshard.slice';
/** Where the disks of VM shards are. */
export const VM_ROOT = '/var/lib/foreshard/vm';

/**
 * A name as part of a unit's name, as `systemd-escape` does it: in a slice's name a hyphen means "within", so it is
 * written as `\x2d`. Only for names of letters, digits, hyphens, dots and underscores.
 */
export function escapeUnit(name: string): string {
  return name.replaceAll(
    /[^A-Za-z0-9:_.]|^\./g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

export const sliceUnit = (shardID: string) => `foreshard-${escapeUnit(shardID)}.slice`;

/** Instance of a template unit such as `search@.service` for a VM shard. */
export function componentUnit(template: string, shardID: string): string {
  return template.replace('@.', () => `@${escapeUnit(shardID)}.`);
}

/** Directory of a VM shard; names have nothing in them that needs to be escaped in a path. */
export const directoryOf = (shardID: string) => `${VM_ROOT}/${shardID}`;

/** Path of a slice's control group below the root of its hierarchy. */
export const cgroupOf = (shardID: string) => `${ALL_SLICE}/${sliceUnit(shardID)}`;
