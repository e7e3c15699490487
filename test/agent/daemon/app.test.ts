import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appConfigOf, parseConfig } from '../../../agent/config.ts';
import { appOf } from '../../../agent/hooks/app.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'foreshard-app-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const make = (yaml: string, port: number, gateway = true) => {
  const config = parseConfig(`service: demo\ntable: t\nbucket: b\n${yaml}`, 'agent.yaml');
  return appOf(appConfigOf(config, 'cart'), { shard: 'cart', port, gateway });
};

describe('the application of a slice', () => {
  it('is asked at its own port, behind a gateway or not', async () => {
    const at = async (gateway: boolean) => {
      const app = make("hooks: { http: 'http://127.0.0.1:{appPort}/{shard}/{port}' }", 1, gateway);
      return app.activate('cart').catch((error: Error) => error.message);
    };
    expect(await at(true)).toMatch(/^POST http:\/\/127\.0\.0\.1:10001\/cart\/1\/activate: .*ECONNREFUSED/);
    expect(await at(false)).toMatch(/^POST http:\/\/127\.0\.0\.1:1\/cart\/1\/activate: .*ECONNREFUSED/);
  });

  it('may have hooks, and its state in a directory for each slot', async () => {
    const [from, to] = ['from', 'to'].map((name) =>
      make(
        `hooks: { exec: ${folder}/hooks }\nstate: { directory: '${folder}/${name}/{shard}/{slot}' }`,
        8080,
      ),
    );
    mkdirSync(join(folder, 'from/cart/3'), { recursive: true });
    mkdirSync(join(folder, 'hooks'));
    writeFileSync(join(folder, 'from/cart/3/carts.db'), 'three carts');
    writeFileSync(join(folder, 'hooks/serve'), `#!/bin/sh\necho "$*" >${folder}/served\n`, { mode: 0o755 });
    const { stream } = await from!.state.changes(3, undefined);
    await to!.state.apply(3, stream);
    await to!.serve(3, 7);
    expect(readFileSync(join(folder, 'to/cart/3/carts.db'), 'utf8')).toBe('three carts');
    expect(readFileSync(join(folder, 'served'), 'utf8')).toBe('cart 8080 3 7\n');
  });
});
