import { createHash } from 'node:crypto';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './processes.ts';

const CACHE = new URL('../../../node_modules/.cache/foreshard-hosts/', import.meta.url).pathname;

/** Of Debian's bookworm. Python is for the sample service; agents bring their own runtime. */
const INCLUDED = ['systemd', 'systemd-sysv', 'dbus', 'iproute2', 'procps', 'python3'];
const MOCK = 'github.com/aws/amazon-ec2-metadata-mock';
const MOCK_VERSION = 'v1.12.0';

/** Makes something once: aside, and renamed when whole, so that what was killed half-way is never taken for it. */
async function once(name: string, make: (at: string) => Promise<unknown>): Promise<string> {
  const home = join(CACHE, name);
  const there = await access(home).then(
    () => true,
    () => false,
  );
  if (there) return home;
  const making = `${home}.${process.pid}`;
  await mkdir(CACHE, { recursive: true });
  await make(making);
  await rename(making, home).catch(async (error) => {
    // Another run was first.
    await rm(making, { recursive: true, force: true });
    await access(home).catch(() => Promise.reject(error));
  });
  return home;
}

/** Root folder of a Debian that boots with systemd (50 s the first time; 300 MB). Hosts only read it. */
export function image(say: (line: string) => void): Promise<string> {
  const id = createHash('sha256').update(INCLUDED.join()).digest('hex').slice(0, 8);
  return once(`bookworm-${id}`, async (at) => {
    say('making a Debian for the hosts (debootstrap, about a minute)');
    await run('debootstrap', ['--variant=minbase', `--include=${INCLUDED.join()}`, 'bookworm', at]);
  });
}

/** AWS's own mock of the instance metadata, built from the Go module proxy (30 s the first time). */
export function metadataMock(say: (line: string) => void): Promise<string> {
  return once(`ec2-metadata-mock-${MOCK_VERSION}`, async (at) => {
    say(`building ${MOCK}@${MOCK_VERSION}`);
    const { Dir } = JSON.parse(await run('go', ['mod', 'download', '-json', `${MOCK}@${MOCK_VERSION}`]));
    await run('go', ['build', '-C', Dir, '-o', at, './cmd']);
  });
}
