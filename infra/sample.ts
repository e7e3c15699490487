import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { UserData } from 'aws-cdk-lib/aws-ec2';
import type { Settings } from '../core/settings/schema.ts';
import { LAUNCH_HOOK, namesOf } from './names.ts';

const ROOT = join(import.meta.dirname, '..');
/** What EC2 takes, before base64. */
const MOST_BYTES = 16 * 1024;

/**
 * User data that installs the sample service and, where the load comes from reporters, the reporter. The files travel
 * in the user data itself: instances need no right to read any bucket. They are read at synth, so that a change of
 * one is a new version of the launch template.
 * @param data what comes before
 * @throws {RangeError} when they no longer fit
 */
export function sampleUserData(
  { service, fleet, metrics }: Settings,
  data: UserData = UserData.forLinux(),
): UserData {
  const { steadyGroup, spotGroup, reportLogGroup } = namesOf(service);
  const parts = [
    {
      folder: 'examples/sample-service',
      run: ['install.sh', service, String(fleet.slicesPerInstance), steadyGroup, spotGroup, LAUNCH_HOOK],
    },
    ...(metrics.source === 'reporter'
      ? [{ folder: 'agent/reporter', run: ['install.sh', reportLogGroup] }]
      : []),
  ];
  data.addCommands(
    'set -euo pipefail',
    'base=$(mktemp -d)',
    'cd "$base"',
    `python3 - <<'UNPACK'`,
    ...UNPACK,
    `unpack("${pack(parts.map(({ folder }) => folder))}")`,
    'UNPACK',
    ...parts.map(({ folder, run: [script, ...args] }) => `bash ${folder}/${script} ${args.join(' ')}`),
  );
  const bytes = Buffer.byteLength(data.render());
  if (bytes > MOST_BYTES)
    throw new RangeError(`user data: expected at most ${MOST_BYTES} bytes, got ${bytes}`);
  return data;
}

/** Python, which Amazon Linux 2023 has: writes the files as they were, each below the current folder. */
const UNPACK = [
  'import base64, json, os, zlib',
  'def unpack(packed):',
  '    for path, (mode, text) in json.loads(zlib.decompress(base64.b64decode(packed))).items():',
  '        os.makedirs(os.path.dirname(path), exist_ok=True)',
  '        with open(path, "w") as file: file.write(text)',
  '        os.chmod(path, mode)',
];

/** All files of the folders but their READMEs, by path: `{path: [mode, text]}`, deflated, in base64. */
function pack(folders: readonly string[]): string {
  const files = folders.flatMap((folder) =>
    (readdirSync(join(ROOT, folder), { recursive: true }) as string[])
      .sort()
      .map((name) => join(folder, name))
      .filter((path) => !path.endsWith('.md') && statSync(join(ROOT, path)).isFile()),
  );
  const entries = files.map((path) => {
    const executable = (statSync(join(ROOT, path)).mode & 0o100) !== 0;
    return [path, [executable ? 0o755 : 0o644, readFileSync(join(ROOT, path), 'utf8')]];
  });
  return deflateSync(JSON.stringify(Object.fromEntries(entries)), { level: 9 }).toString('base64');
}
