import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bundleAgent } from '../../../agent/bundle.ts';
import { FakeImds } from './fake-imds.ts';
import { SETTINGS } from './stage.ts';

const run = promisify(execFile);

let home: string;
let bundle: string;
let imds: FakeImds;
const running: ChildProcess[] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'foreshard-installed-'));
  bundle = join(home, 'bundle');
  bundleAgent(bundle);
  imds = await FakeImds.start();
});
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});
afterAll(() => {
  imds.stop();
  rmSync(home, { recursive: true, force: true });
});

describe('the bundle', () => {
  it('is the same for the same sources, and one file', () => {
    const again = join(home, 'again');
    bundleAgent(again);
    const read = (folder: string) => readFileSync(join(folder, 'agent.mjs'));
    expect(read(again).equals(read(bundle))).toBe(true);
    expect(read(bundle).length).toBeLessThan(2 * 1024 * 1024);
    // Nothing but what Node brings: there is no node_modules on a host.
    const imported = [
      ...read(bundle)
        .toString()
        .matchAll(/\bfrom\s*"([\w@:/-]+)"/g),
    ].map(([, name]) => name!);
    expect(imported.filter((name) => !name.startsWith('node:') && !builtin(name))).toEqual([]);
  });
});

const builtin = (name: string) => process.getBuiltinModule(name) !== undefined;

describe('install.sh', () => {
  const install = (root: string) =>
    execFileSync('bash', [join(bundle, 'install.sh')], { env: { ...process.env, FORESHARD_ROOT: root } });
  const there = (root: string, path: string) => statSync(join(root, path), { throwIfNoEntry: false });

  it('puts everything where the unit expects it, and may be run again with something newer', () => {
    const root = join(home, 'root');
    const node = '#!/bin/sh\necho "$@"\n';
    writeFileSync(join(bundle, 'node.gz'), gzipSync(node));
    install(root);
    const unit = readFileSync(join(root, 'etc/systemd/system/foreshard-agent.service'), 'utf8');
    const wanted = [...unit.matchAll(/\/opt\/foreshard\/[\w./-]+/g)].map(([path]) => path);
    expect(wanted).toEqual(['/opt/foreshard/agent/node', '/opt/foreshard/agent/agent.mjs']);
    for (const path of [...wanted, '/opt/foreshard/agent/foreshard-agent'])
      expect(there(root, path)?.isFile()).toBe(true);
    expect(there(root, '/opt/foreshard/agent/node')!.mode & 0o777).toBe(0o755);
    expect(readFileSync(join(root, 'opt/foreshard/agent/node'), 'utf8')).toBe(node);
    expect(there(root, 'etc/foreshard/agent.yaml')).toBeUndefined();

    const before = there(root, '/opt/foreshard/agent/agent.mjs')!.ino;
    writeFileSync(join(bundle, 'node.gz'), gzipSync(`${node}# newer\n`));
    writeFileSync(join(bundle, 'agent.yaml'), 'service: demo\n');
    install(root);
    install(root);
    expect(there(root, '/opt/foreshard/agent/agent.mjs')!.ino).toBe(before);
    expect(readFileSync(join(root, 'opt/foreshard/agent/node'), 'utf8')).toContain('newer');
    expect(there(root, 'etc/foreshard/agent.yaml')!.mode & 0o777).toBe(0o600);
  });
});

describe('the installed agent', () => {
  /** Starts it on this machine, without a table that would answer. */
  async function started(name: string) {
    const folder = join(home, name);
    mkdirSync(join(folder, 'hooks'), { recursive: true });
    for (const hook of ['activate', 'deactivate'])
      writeFileSync(join(folder, 'hooks', hook), `#!/bin/sh\necho "${hook} $*" >>${folder}/said\n`, {
        mode: 0o755,
      });
    writeFileSync(join(folder, 'settings.yaml'), SETTINGS);
    writeFileSync(
      join(folder, 'agent.yaml'),
      `service: tiny\ntable: none\nsettings: ${folder}/settings.yaml\nregion: eu-west-1\nmetadata: ${imds.url}
run: ${folder}/run\nhooks: { exec: ${folder}/hooks }\nslices: [39180]\ntransferPort: 39181\n`,
    );
    const said: { event: string; [field: string]: unknown }[] = [];
    const start = async () => {
      const child = spawn(
        process.execPath,
        [join(bundle, 'agent.mjs'), '--config', join(folder, 'agent.yaml'), 'run'],
        {
          env: {
            AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
            AWS_ACCESS_KEY_ID: 'nobody',
            AWS_SECRET_ACCESS_KEY: 'a-secret-of-the-test',
          },
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      running.push(child);
      createInterface({ input: child.stdout! }).on('line', (line) => said.push(JSON.parse(line)));
      await expect
        .poll(() => statSync(join(folder, 'run/agent.sock'), { throwIfNoEntry: false })?.isSocket(), {
          timeout: 10_000,
        })
        .toBe(true);
      return child;
    };
    const agent = (...args: string[]) =>
      run(process.execPath, [join(bundle, 'agent.mjs'), '--config', join(folder, 'agent.yaml'), ...args], {
        env: {},
      });
    return {
      folder,
      said,
      start,
      agent,
      hooks: () => readFileSync(join(folder, 'said'), 'utf8').trim().split('\n'),
    };
  }

  it('activates slices for the commands of its host, while the table is away, and remembers them', async () => {
    const { said, start, agent, hooks } = await started('one');
    const child = await start();
    expect((await agent('activate', 'plain', '39180')).stdout).toBe(
      'i-1:39180 serves plain on port 39180, the application listens on 39180\n',
    );
    const status = JSON.parse((await agent('status')).stdout);
    expect(status).toMatchObject({ instance: 'i-1', slices: [{ slice: 'i-1:39180', shard: 'plain' }] });
    await expect(agent('activate', 'nosuch')).rejects.toMatchObject({
      code: 1,
      stderr: 'foreshard-agent: shard: expected one of the settings, got nosuch\n',
    });
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    await expect(agent('status')).rejects.toMatchObject({
      stderr: expect.stringContaining('no agent answers'),
    });

    // Killed, it leaves its socket behind.
    (await start()).kill('SIGKILL');
    await start();
    await expect
      .poll(async () => JSON.parse((await agent('status').catch(() => ({ stdout: '{}' }))).stdout))
      .toMatchObject({ slices: [{ shard: 'plain' }] });
    await agent('deactivate', 'plain');
    expect(hooks()).toEqual(['activate plain 39180', 'deactivate plain 39180']);
    expect(said.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['started', 'beat-failed', 'stopped']),
    );
    expect(JSON.stringify(said)).not.toContain('a-secret-of-the-test');
  });

  it('is waited for by what a move runs while the instance boots', async () => {
    const { start, agent } = await started('three');
    const activated = agent('activate', 'plain');
    await start();
    expect((await activated).stdout).toContain('i-1:39180 serves plain');
  });

  it('lets root alone command it, and nobody confuse it', async () => {
    const { folder, start, agent } = await started('two');
    await start();
    expect(statSync(join(folder, 'run')).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'run/agent.sock')).mode & 0o777).toBe(0o600);
    const say = async (line: string) => {
      const socket = connect(join(folder, 'run/agent.sock'));
      socket.end(line);
      return text(socket);
    };
    expect(JSON.parse(await say('nonsense\n'))).toMatchObject({ ok: false });
    expect(JSON.parse(await say('{"command": "erase"}\n'))).toMatchObject({ ok: false });
    expect(JSON.parse(await say('x'.repeat(10_000)))).toEqual({ ok: false, error: 'request too long' });
    expect(await say('')).toBe('');
    expect(JSON.parse((await agent('status')).stdout).instance).toBe('i-1');
  });

  it('says what is wrong with its configuration', async () => {
    const file = join(home, 'wrong.yaml');
    writeFileSync(file, 'service: demo\n');
    const wrong = run(process.execPath, [join(bundle, 'agent.mjs'), '--config', file, 'run'], { env: {} });
    await expect(wrong).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/agent: .*wrong\.yaml: table: expected string, got nothing\n/),
    });
    await expect(run(process.execPath, [join(bundle, 'agent.mjs'), 'fly'])).rejects.toMatchObject({
      code: 2,
    });
  });
});
