import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExecApp } from '../../../agent/hooks/exec.ts';

let folder: string;
let app: ExecApp;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'foreshard-hooks-'));
  app = appWith({});
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const appWith = (timeouts: { call?: number; activate?: number; stall?: number }) =>
  new ExecApp({
    folder,
    shard: 'cart',
    port: 8080,
    listen: 18080,
    timeouts: { call: 10, activate: 10, stall: 10, ...timeouts },
  });

function hook(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/usr/bin/env bash\n${script}\n`, { mode: 0o755 });
}
const said = () => readFileSync(join(folder, 'said'), 'utf8').trim().split('\n');

describe('hooks as executables', () => {
  it('are called as the documentation says', async () => {
    for (const name of ['activate', 'deactivate', 'serve', 'quiesce', 'resume', 'release', 'discard'])
      hook(name, `echo "${name} $*" >>"${folder}/said"`);
    await app.activate('cart');
    await app.serve(3, 17);
    await app.quiesce([1, 3]);
    await app.resume([1, 3]);
    await app.release(3, 18);
    await app.state.discard(3);
    await app.deactivate('cart');
    expect(said()).toEqual([
      'activate cart 8080',
      'serve cart 8080 3 17',
      'quiesce cart 8080 1 3',
      'resume cart 8080 1 3',
      'release cart 8080 3 18',
      'discard cart 8080 3',
      'deactivate cart 8080',
    ]);
  });

  it('get what they need in their environment, and nothing of the agent’s', async () => {
    process.env.FORESHARD_TEST_SECRET = 'secret';
    try {
      hook('activate', `env | grep -E '^FORESHARD' | sort >"${folder}/said"`);
      await app.activate('cart');
    } finally {
      delete process.env.FORESHARD_TEST_SECRET;
    }
    expect(said()).toEqual(['FORESHARD_LISTEN=18080', 'FORESHARD_PORT=8080', 'FORESHARD_SHARD=cart']);
  });

  it('may be absent where there is nothing to do, and not where state is at stake', async () => {
    await app.activate('cart');
    await app.deactivate('cart');
    expect(await app.stats()).toEqual({ slots: [], metrics: {} });
    await expect(app.quiesce([0])).rejects.toThrow(/expected an executable .*\/quiesce, got none/);
    await expect(app.state.changes(0, undefined)).rejects.toThrow(/expected an executable .*\/changes/);
    await expect(app.state.apply(0, Readable.from([]))).rejects.toThrow(/expected an executable .*\/apply/);
  });

  it('fail with their exit code and what they say first', async () => {
    hook('serve', 'echo >&2; echo "slot $3 is mine" >&2; echo more >&2; exit 3');
    await expect(app.serve(2, 1)).rejects.toThrow(
      new RegExp(`^${folder}/serve cart 8080 2 1: expected exit code 0, got 3: slot 2 is mine$`),
    );
    hook('serve', 'kill -9 $$');
    await expect(app.serve(2, 1)).rejects.toThrow(/expected exit code 0, got SIGKILL: nothing$/);
  });

  it('end with all that they have started when they take too long', async () => {
    hook('quiesce', `sleep 60 & echo $! >"${folder}/said"; wait`);
    await expect(appWith({ call: 0.5 }).quiesce([0])).rejects.toThrow(/not over after 0\.5 s/);
    const [pid] = said();
    // A zombie until init has seen it; either way it runs no more.
    const runs = () => {
      try {
        return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
      } catch {
        return false;
      }
    };
    await expect.poll(runs).toBe(false);
  });

  it('are called off', async () => {
    hook('quiesce', 'sleep 60');
    const off = new AbortController();
    const quiesced = app.quiesce([0], off.signal);
    off.abort(new Error('called off'));
    await expect(quiesced).rejects.toThrow('called off');
  });

  it('stream what changed: the token on fd 3 first, then the changes', async () => {
    hook('changes', 'echo "token-of-$4" >&3; exec 3>&-; head -c 300000 /dev/zero; echo end');
    const changes = await app.state.changes(1, undefined);
    expect(changes.token).toBe('token-of-');
    expect((await text(changes.stream)).length).toBe(300_004);
    const next = await app.state.changes(1, 'first');
    expect(next.token).toBe('token-of-first');
    next.stream.destroy();
  });

  it('do not pass changes off as whole when the hook fails', async () => {
    hook('changes', 'echo t >&3; echo half; echo "disk gone" >&2; exit 1');
    const { stream } = await app.state.changes(0, undefined);
    await expect(text(stream)).rejects.toThrow(/expected exit code 0, got 1: disk gone$/);
    hook('changes', 'echo t >&3; echo half; sleep 60');
    const stalled = await appWith({ stall: 0.3 }).state.changes(0, undefined);
    await expect(text(stalled.stream)).rejects.toThrow(/no byte for 0\.3 s$/);
    hook('changes', 'echo "no token" >&2; exit 2');
    await expect(app.state.changes(0, undefined)).rejects.toThrow(/expected a token on fd 3 .*: no token$/);
    hook('changes', 'head -c 100000000 /dev/zero >&3; sleep 60');
    await expect(app.state.changes(0, undefined)).rejects.toThrow(/expected a token on fd 3/);
    hook('changes', 'sleep 60');
    await expect(appWith({ call: 0.3 }).state.changes(0, undefined)).rejects.toThrow(
      /expected a token on fd 3/,
    );
  });

  it('apply what comes on stdin', async () => {
    hook('apply', `echo "$* $(wc -c)" >"${folder}/said"`);
    await app.state.apply(4, Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(50_000))));
    expect(said()).toEqual(['cart 8080 4 1000000']);
    hook('apply', 'echo "no room" >&2; exit 28');
    const much = Readable.from(Array.from({ length: 200 }, () => Buffer.alloc(50_000)));
    await expect(app.state.apply(4, much)).rejects.toThrow(/got 28: no room$/);
  });

  it('do not outlive a set that was cut off', async () => {
    hook('apply', `cat >/dev/null; sleep 1; echo whole >"${folder}/said"`);
    const cut = Readable.from(
      (async function* () {
        yield Buffer.alloc(1000);
        throw new Error('the link is gone');
      })(),
    );
    await expect(app.state.apply(0, cut)).rejects.toThrow('the link is gone');
    expect(() => said()).toThrow(/ENOENT/);
  });

  it('say what the application measures', async () => {
    hook('stats', `echo '{"metrics": {"sessions": 7}}'`);
    expect(await app.stats()).toEqual({ slots: [], metrics: { sessions: 7 } });
  });
});
