const LONGEST = 32;
const HASH = 10;

/**
 * Name of a shard's target group: `<service>-<shard>-<hash>`, 32 characters at most (AWS's bound), both parts cut to
 * fit. The hash is of the whole names, so that cut ones, and ones that differ in case only, stay apart.
 */
export function targetGroupName(service: string, shard: string): string {
  const hash = hashOf(`${service}/${shard}`);
  const room = LONGEST - HASH - 2;
  const first = cut(service, Math.max(8, room - shard.length));
  return `${first}-${cut(shard, room - first.length)}-${hash}`;
}

/** Whether it could be one of ours: cheap to ask of a group before its tags are read. */
export function looksOurs(service: string, name: string): boolean {
  return name.startsWith(cut(service, 8)) && /-[0-9a-z]{10}$/.test(name);
}

const cut = (text: string, length: number) => text.slice(0, length).replace(/-+$/, '');

/** 51 bits in base 36, from two 32-bit multiplicative hashes (cyrb53). Not for secrets. */
function hashOf(text: string): string {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  const high = b & 0x7ffff;
  return (high * 2 ** 32 + (a >>> 0)).toString(36).padStart(HASH, '0').slice(-HASH);
}
