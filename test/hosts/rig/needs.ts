import { hierarchy, makeCgroups, removeCgroups } from './cgroups.ts';
import { tried } from './processes.ts';

/** Commands of Debian packages that the hosts are made with. */
const PACKAGES = { debootstrap: 'debootstrap', haproxy: 'haproxy', ip: 'iproute2', unshare: 'util-linux' };

const has = async (command: string) => (await tried('sh', ['-c', `command -v ${command}`])).code === 0;

/**
 * Installs what is missing (Debian, as root).
 * @returns why hosts cannot be had on this machine, if so.
 */
export async function lacking(say: (line: string) => void): Promise<string | undefined> {
  if (process.platform !== 'linux') return `Linux, not ${process.platform}`;
  if (process.getuid?.() !== 0) return `root, not user ${process.getuid?.()}`;
  const namespaces = await tried('unshare', ['-n', '-m', '-p', '-f', '-C', '-u', '-i', 'true']);
  if (namespaces.code !== 0) return `namespaces: ${namespaces.stderr.trim()}`;
  const limits = await unlimited();
  if (limits !== undefined) return `control groups: ${limits}`;
  const missing: string[] = [];
  for (const [command, name] of Object.entries(PACKAGES)) if (!(await has(command))) missing.push(name);
  if (missing.length > 0) {
    if (!(await has('apt-get'))) return `the commands of ${missing.join(', ')}`;
    say(`installing ${missing.join(', ')}`);
    const script = `apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy ${missing.join(' ')}`;
    const { code, stderr } = await tried('sh', ['-c', script]);
    if (code !== 0) return `${missing.join(', ')}, which apt-get does not install: ${stderr.slice(-500)}`;
  }
  return (await has('go')) ? undefined : 'go, which the metadata mock is built with';
}

/** Why processes cannot be given limits here, if so: in a container, control groups may be read only. */
async function unlimited(): Promise<string | undefined> {
  const name = `foreshard-probe-${process.pid}`;
  try {
    const kind = await hierarchy();
    await makeCgroups(name, kind);
    await removeCgroups(name, kind);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
