import { randomFillSync } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { end, eventually, launch, run, tried } from '../../test/hosts/rig/processes.ts';
import { type Place, TARGET } from './link.ts';

const PORT = 8730;
const PART = 64 * 1024 * 1024;

/**
 * The same bytes as one file, from memory to memory, by rsync and its daemon (not encrypted).
 * @returns seconds; undefined where there is no rsync
 */
export async function rsync({ source, target }: Place, bytes: number): Promise<number | undefined> {
  if ((await tried('rsync', ['--version'])).code !== 0 || !existsSync('/dev/shm')) return undefined;
  const folder = mkdtempSync('/dev/shm/foreshard-bench-');
  const daemon = join(folder, 'rsyncd.conf');
  writeFileSync(daemon, `use chroot = no\nuid = root\ngid = root\n[to]\npath = ${folder}\nread only = no\n`);
  const file = join(folder, 'state');
  const part = Buffer.alloc(Math.min(PART, bytes));
  for (let at = 0; at < bytes; at += part.length)
    writeFileSync(file, randomFillSync(part).subarray(0, bytes - at), { flag: 'a' });
  const server = launch(
    target.within('rsync', ['--daemon', '--no-detach', `--port=${PORT}`, `--config=${daemon}`]),
  );
  const url = `rsync://${TARGET}:${PORT}/to`;
  try {
    await eventually('rsync answers', async () => (await tried(...source.within('rsync', [url]))).code === 0);
    const from = performance.now();
    await run(...source.within('rsync', ['--whole-file', '--inplace', file, `${url}/copy`]));
    return (performance.now() - from) / 1000;
  } finally {
    await end(server);
    rmSync(folder, { recursive: true });
  }
}
