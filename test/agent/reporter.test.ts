import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseReport } from '../../adapters/aws/reported-lines.ts';

const FOLDER = join(import.meta.dirname, '../../agent/reporter');
const REPORT = join(FOLDER, 'report');
/** 2026-01-05T00:00:00Z, and a second after. */
const MINUTE = 1_767_571_200;

/** Stands for the AWS CLI: writes down what it is called with, and answers as `answers` says, line by line. */
const AWS = `#!/usr/bin/env bash
set -euo pipefail
dir=$(dirname "$0")
echo "$@" >>"$dir/calls"
for word; do [[ "$word" != file://* ]] || cat "\${word#file://}" >>"$dir/events"; done
answer=$(head -1 "$dir/answers" 2>/dev/null || true)
[[ ! -e "$dir/answers" ]] || sed -i 1d "$dir/answers"
if [[ -n "$answer" && "$answer" != ok ]]; then
  echo "An error occurred $answer" >&2
  exit 254
fi
echo '{"nextSequenceToken": "1"}'
`;
const NO_STREAM =
  '(ResourceNotFoundException) when calling the PutLogEvents operation: The specified log stream does not exist.';

interface App {
  readonly port: number;
  readonly server: Server;
  counters: unknown;
}

let dir: string;
let servers: Server[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'foreshard-reporter-'));
  servers = [];
  for (const name of ['bin', 'run', 'proc']) mkdirSync(join(dir, name));
  writeFileSync(join(dir, 'bin/aws'), AWS, { mode: 0o755 });
  machine(0, 0, 0);
});
afterEach(() => {
  for (const server of servers) server.close();
  rmSync(dir, { recursive: true, force: true });
});

/** CPU ticks in use and idle since the boot, and the share of memory in use. */
function machine(busy: number, idle: number, memory: number): void {
  writeFileSync(join(dir, 'proc/stat'), `cpu  ${busy} 0 0 ${idle} 0 0 0 0 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n`);
  writeFileSync(
    join(dir, 'proc/meminfo'),
    `MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: ${Math.round(1000 * (1 - memory))} kB\n`,
  );
}

async function listen(answer: (path: string, method: string) => string | undefined): Promise<Server> {
  const server = createServer((request, response) => {
    const body = answer(request.url ?? '', request.method ?? '');
    response.statusCode = body === undefined ? 500 : 200;
    response.end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

/** A slice that serves a shard, with counters as an application gives them. */
async function slice(shard: string, counters: unknown): Promise<App> {
  const app = { counters } as { counters: unknown };
  const server = await listen((path) =>
    path === '/foreshard/load' && app.counters !== undefined ? JSON.stringify(app.counters) : undefined,
  );
  writeFileSync(join(dir, 'run', String(portOf(server))), `${shard}\n`);
  return Object.assign(app, { server, port: portOf(server) });
}

/** Runs the script as the timer does, so many seconds after {@link MINUTE}. */
async function report(at: number, imds: string, spread = '0') {
  const { FORESHARD_DEBUG: _, ...inherited } = process.env;
  const env = {
    ...inherited,
    PATH: `${join(dir, 'bin')}:${process.env.PATH}`,
    FORESHARD_REPORT_LOG_GROUP: '/foreshard/shop/reports',
    FORESHARD_RUN: join(dir, 'run'),
    FORESHARD_PROC: join(dir, 'proc'),
    FORESHARD_IMDS: imds,
    FORESHARD_NOW: String(MINUTE + at),
    FORESHARD_SPREAD: spread,
  };
  return new Promise<{ code: number; stderr: string }>((resolve) => {
    execFile('bash', [REPORT], { env }, (error, _, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stderr }),
    );
  });
}

async function metadata(): Promise<string> {
  const server = await listen((path, method) => {
    if (method === 'PUT') return path === '/latest/api/token' ? 'secret' : undefined;
    if (path === '/latest/meta-data/instance-id') return 'i-0abc';
    return path === '/latest/meta-data/placement/region' ? 'eu-west-1' : undefined;
  });
  return `http://127.0.0.1:${portOf(server)}`;
}

const calls = () => {
  const file = join(dir, 'bin/calls');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
};
const events = () =>
  JSON.parse(readFileSync(join(dir, 'bin/events'), 'utf8')) as { timestamp: number; message: string }[];

describe('the reporter', () => {
  it('reports the difference of a minute, and what the reader reads is what was', async () => {
    const imds = await metadata();
    const web = await slice('web', { requests: 1000, seconds: 12.5 });
    const api = await slice('api-v2', { requests: 7, seconds: 1e-7, inFlight: 3 });
    machine(100, 900, 0.5);
    expect(await report(1, imds)).toEqual({ code: 0, stderr: '' });
    expect(calls()).toEqual([]);
    web.counters = { seconds: 42.75, requests: 1600 };
    machine(130, 970, 0.25);
    expect(await report(61, imds)).toEqual({ code: 0, stderr: '' });
    expect(calls()).toHaveLength(1);
    expect(calls()[0]).toMatch(
      /^logs put-log-events --region eu-west-1 .*--log-group-name \/foreshard\/shop\/reports --log-stream-name 2026-01-05T00 --log-events file:/,
    );
    const [event, ...more] = events();
    expect(more).toEqual([]);
    expect(event!.timestamp).toBe(MINUTE * 1000);
    expect(event!.message.length).toBeLessThan(130);
    expect(parseReport(event!.message)).toEqual({
      ok: true,
      report: {
        instance: 'i-0abc',
        minute: MINUTE,
        cpu: 0.3,
        memory: 0.25,
        slices: [
          { shard: 'web', port: web.port, requests: 600, seconds: 30.25 },
          { shard: 'api-v2', port: api.port, requests: 0, seconds: 0 },
        ].sort((a, b) => a.port - b.port),
      },
    });
  });

  it('gives counts per minute, whatever the seconds between two samples', async () => {
    const imds = await metadata();
    const web = await slice('web', { requests: 0, seconds: 0 });
    await report(1, imds);
    web.counters = { requests: 105, seconds: 10.5 };
    await report(64, imds);
    const told = parseReport(events()[0]!.message);
    expect(told).toMatchObject({ report: { minute: MINUTE, slices: [{ requests: 100, seconds: 10 }] } });
  });

  it('counts from the beginning again after the application was restarted', async () => {
    const imds = await metadata();
    const web = await slice('web', { requests: 5000, seconds: 50 });
    await report(1, imds);
    web.counters = { requests: 30, seconds: 3 };
    await report(61, imds);
    expect(parseReport(events()[0]!.message)).toMatchObject({
      report: { slices: [{ requests: 30, seconds: 3 }] },
    });
  });

  it('says nothing where nobody serves, after a pause, or of a slice that has changed its shard', async () => {
    const imds = await metadata();
    await report(1, imds);
    await report(61, imds);
    const web = await slice('web', { requests: 0, seconds: 0 });
    await report(121, imds);
    await report(301, imds);
    writeFileSync(join(dir, 'run', String(web.port)), 'api\n');
    expect(await report(361, imds)).toEqual({ code: 0, stderr: '' });
    expect(calls()).toEqual([]);
    await report(421, imds);
    expect(parseReport(events()[0]!.message)).toMatchObject({ report: { minute: MINUTE + 360 } });
  });

  it('leaves out a slice that gives no counters, and says so', async () => {
    const imds = await metadata();
    const [web, bad, none] = [
      await slice('web', { requests: 0, seconds: 0 }),
      await slice('bad', { requests: 'many' }),
      await slice('none', undefined),
    ];
    writeFileSync(join(dir, 'run/65000'), '"; rm -rf /\n');
    await report(1, imds);
    const { code, stderr } = await report(61, imds);
    expect(code).toBe(0);
    expect(stderr.trim().split('\n').sort()).toEqual(
      [
        `${join(dir, 'run/65000')}: expected the name of a shard`,
        `port ${bad.port}, which serves bad: expected requests and seconds, got {"requests":"many"}`,
        `port ${none.port}, which serves none, gives no counters`,
      ].sort(),
    );
    expect(parseReport(events()[0]!.message)).toMatchObject({ report: { slices: [{ port: web.port }] } });
  });

  it('reports the most frequent keys of requests, and none that could be anything else', async () => {
    const imds = await metadata();
    const long = 'x'.repeat(65);
    const web = await slice('web', { requests: 1000, seconds: 1, keys: { '/a/old': 400, '/a/rare': 1 } });
    await report(1, imds);
    const keys = {
      '/a/old': 700,
      '/a/new': 200,
      '/a/rare': 5,
      [`/a/${long}`]: 900,
      '/a/*': 900,
      'a"b': 900,
      'a,"/a/forged': 900,
      'a\n"/a/forged2': 900,
      'a}b': 900,
    };
    web.counters = { requests: 1600, seconds: 2, keys };
    expect(await report(61, imds)).toEqual({ code: 0, stderr: '' });
    expect(parseReport(events()[0]!.message)).toMatchObject({
      report: {
        slices: [{ shard: 'web', requests: 600 }],
        keys: [
          { shard: 'web', key: '/a/old', requests: 300 },
          { shard: 'web', key: '/a/new', requests: 200 },
        ],
      },
    });
  });

  it('reports twenty keys at most, and takes no key for a load', async () => {
    const imds = await metadata();
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`/t/${i}`, count + i * count]));
    const web = await slice('web', { requests: 0, seconds: 0, keys: { requests: 5, seconds: 7 } });
    await report(1, imds);
    web.counters = { requests: 1300, seconds: 3, keys: { requests: 5e6, seconds: 7e6, ...many(1) } };
    await report(61, imds);
    const { message } = events()[0]!;
    expect(message.length).toBeLessThan(2000);
    const parsed = parseReport(message);
    expect(parsed).toMatchObject({ report: { slices: [{ requests: 1300, seconds: 3 }] } });
    const keys = parsed.ok ? parsed.report.keys! : [];
    expect(keys).toHaveLength(20);
    expect(keys.slice(2, 4).map(({ key }) => key)).toEqual(['/t/49', '/t/48']);
  });

  it('makes the stream of the hour when it is missing, and does not mind that another one has', async () => {
    const imds = await metadata();
    await slice('web', { requests: 0, seconds: 0 });
    await report(1, imds);
    writeFileSync(
      join(dir, 'bin/answers'),
      `${NO_STREAM}\n${NO_STREAM}\n(ResourceAlreadyExistsException) it is there\nok\n`,
    );
    expect(await report(61, imds)).toEqual({ code: 0, stderr: '' });
    const verbs = () => calls().map((call) => call.split(' ')[1]);
    expect(verbs()).toEqual(['put-log-events', 'put-log-events', 'create-log-stream', 'put-log-events']);
    expect(calls()[2]).toContain('--log-stream-name 2026-01-05T00');
    writeFileSync(join(dir, 'bin/answers'), `${NO_STREAM}\nok\n`);
    await report(121, imds);
    expect(verbs().slice(4)).toEqual(['put-log-events', 'put-log-events']);
  });

  it('fails where AWS refuses, with its words, and goes on with the next minute', async () => {
    const imds = await metadata();
    const web = await slice('web', { requests: 0, seconds: 0 });
    await report(1, imds);
    const refusals = [
      '(AccessDeniedException) no',
      '(ResourceNotFoundException) The specified log group does not exist.',
    ];
    for (const [i, refusal] of refusals.entries()) {
      writeFileSync(join(dir, 'bin/answers'), `${refusal}\n`);
      const { code, stderr } = await report(61 + 60 * i, imds);
      expect(code).toBe(1);
      expect(stderr).toContain(refusal);
    }
    expect(calls()).toHaveLength(2);
    rmSync(join(dir, 'bin/events'));
    web.counters = { requests: 60, seconds: 1 };
    expect((await report(181, imds)).code).toBe(0);
    expect(parseReport(events()[0]!.message)).toMatchObject({ report: { slices: [{ requests: 60 }] } });
  });

  it('fails without metadata, and leaves nothing half-written', async () => {
    await slice('web', { requests: 0, seconds: 0 });
    const { code } = await report(1, 'http://127.0.0.1:1');
    expect(code).not.toBe(0);
    expect(readdirSync(join(dir, 'run/reporter'))).not.toContain('identity');
  });
});

describe('its files', () => {
  it.each(['report', 'install.sh'])('%s: strict, executable, without a syntax error', async (name) => {
    const path = join(FOLDER, name);
    const text = readFileSync(path, 'utf8');
    expect(text).toMatch(/^#!\/usr\/bin\/env bash\n/);
    expect(text).toContain('\nset -euo pipefail\n');
    expect(statSync(path).mode & 0o111).toBe(0o111);
    const checked = await new Promise((resolve) =>
      execFile('bash', ['-n', path], (error, _, stderr) => resolve({ error, stderr })),
    );
    expect(checked).toEqual({ error: null, stderr: '' });
  });

  it('go where the units look for them', async () => {
    const root = join(dir, 'root');
    await new Promise<void>((resolve, reject) =>
      execFile(
        'bash',
        [join(FOLDER, 'install.sh'), '/foreshard/shop/reports'],
        { env: { ...process.env, FORESHARD_ROOT: root } },
        (error) => (error === null ? resolve() : reject(error)),
      ),
    );
    const unit = readFileSync(join(root, 'etc/systemd/system/foreshard-reporter.service'), 'utf8');
    const [, command] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
    expect(statSync(join(root, command!)).mode & 0o111).toBe(0o111);
    const [, environment] = /^EnvironmentFile=(.*)$/m.exec(unit) ?? [];
    expect(readFileSync(join(root, environment!), 'utf8')).toBe(
      'FORESHARD_REPORT_LOG_GROUP=/foreshard/shop/reports\n',
    );
    expect(existsSync(join(root, 'etc/systemd/system/foreshard-reporter.timer'))).toBe(true);
  });
});
