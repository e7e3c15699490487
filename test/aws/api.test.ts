import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServer, startApi } from '../api/server.ts';
import { pythonWith } from './python.ts';

const run = promisify(execFile);
const REQUIREMENTS = new URL('../api/requirements.txt', import.meta.url);
const CONFIG = new URL('../api/schemathesis.toml', import.meta.url).pathname;

let server: ApiServer;
let python: string;
let folder: string;

beforeAll(async () => {
  python = await pythonWith(REQUIREMENTS, 'schemathesis', console.error);
  folder = await mkdtemp(join(tmpdir(), 'foreshard-api-'));
  server = await startApi();
});
afterAll(async () => {
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

/** What schemathesis says, and whether all was as the document says. */
async function schemathesis(...args: string[]): Promise<{ ok: boolean; said: string }> {
  // Not by its script `st`, which names the folder that the environment was made in.
  const command = ['-m', 'schemathesis.cli', '--config-file', CONFIG, 'run', ...args, '--no-color'];
  try {
    const { stdout } = await run(python, command, {
      maxBuffer: 64 * 1024 * 1024,
      // Nothing of the environment, or of an earlier run, changes what is tried.
      cwd: folder,
      env: { PATH: '/usr/bin:/bin', HOME: folder, PYTHONHASHSEED: '0' },
    });
    return { ok: true, said: stdout };
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return { ok: false, said: `${stdout}\n${stderr}\n${String(error)}` };
  }
}

describe('the API, tried by schemathesis with the document that it serves', () => {
  it('keeps to the document, takes what it allows, refuses what it forbids, and never fails', async () => {
    const { ok, said } = await schemathesis(
      `${server.url}/openapi.json`,
      ...['--url', server.url],
      ...['--header', 'Authorization: AWS4-HMAC-SHA256 Credential=test'],
    );
    expect(ok, said).toBe(true);
    expect(server.stage.unexpected).toEqual([]);
    // It came to something: VM shards were allocated and reservations made.
    expect(Number(/(\d+) generated, \d+ passed/.exec(said)?.[1])).toBeGreaterThan(500);
  });

  it('does not answer who has not signed', async () => {
    const { status } = await fetch(`${server.url}/shards`);
    expect(status).toBe(403);
  });
});
