import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundles, MOST_BYTES } from '../../infra/bundle.ts';
import { FUNCTIONS } from '../../infra/names.ts';
import { synthesise } from './synth.ts';

const hashes = () =>
  [...bundles()].map(([name, { folder }]) => {
    const digest = createHash('sha256')
      .update(readFileSync(join(folder, 'index.mjs')))
      .digest('hex');
    return `${name} ${digest}`;
  });

describe('bundles', () => {
  it('are one for each function, none above 1 MiB', () => {
    expect([...bundles().keys()].sort()).toEqual([...FUNCTIONS].sort());
    for (const { bytes } of bundles().values()) expect(bytes).toBeLessThanOrEqual(MOST_BYTES);
  });

  it('are the same bytes from the same sources, in another process and folder', () => {
    const script = `
      import { createHash } from 'node:crypto';
      import { readFileSync } from 'node:fs';
      const { bundles } = await import(process.argv[1]);
      for (const [name, { folder }] of bundles())
        console.log(name, createHash('sha256').update(readFileSync(folder + '/index.mjs')).digest('hex'));`;
    const other = execFileSync(
      process.execPath,
      ['--input-type=module', '-e', script, join(process.cwd(), 'infra/bundle.ts')],
      {
        cwd: '/',
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    expect(other.trim().split('\n')).toEqual(hashes());
  });
});

describe('a bundle', () => {
  // In a folder of its own nothing else can be found: whatever it needs has to be inside.
  it.each([...bundles()])('%s loads alone', async (_, { folder }) => {
    const { handler } = await import(join(folder, 'index.mjs'));
    expect(handler).toBeTypeOf('function');
  });
});

describe('functions', () => {
  const template = synthesise();
  const functions = Object.values(template.of('AWS::Lambda::Function')).map(({ Properties }) => Properties);

  it('are those of the contract, on ARM, the newest Node.js, traced', () => {
    expect(functions.map(({ FunctionName }) => FunctionName).sort()).toEqual(
      FUNCTIONS.map((name) => `foreshard-demo-${name}`).sort(),
    );
    for (const { Architectures, Runtime, TracingConfig, Handler } of functions)
      expect({ Architectures, Runtime, TracingConfig, Handler }).toEqual({
        Architectures: ['arm64'],
        Runtime: 'nodejs24.x',
        TracingConfig: { Mode: 'Active' },
        Handler: 'index.handler',
      });
  });

  it('reserve no concurrency: a new account could not deploy them', () => {
    for (const properties of functions) expect(properties).not.toHaveProperty('ReservedConcurrentExecutions');
  });

  it('keep what failed, when nobody waits for them', () => {
    const configs = Object.values(template.of('AWS::Lambda::EventInvokeConfig')).map(
      ({ Properties }) => Properties,
    );
    expect(configs).toHaveLength(6);
    for (const { DestinationConfig } of configs)
      expect(DestinationConfig.OnFailure.Destination).toBeDefined();
  });

  it('have no endpoint of their own, but on servers that stand in for AWS', () => {
    expect(JSON.stringify(functions)).not.toContain('AWS_ENDPOINT_URL');
    const local = synthesise({ endpoints: '{"AUTO_SCALING": "http://127.0.0.1:5566"}' });
    for (const { Properties } of Object.values(local.of('AWS::Lambda::Function')))
      expect(Properties.Environment.Variables.AWS_ENDPOINT_URL_AUTO_SCALING).toBe('http://127.0.0.1:5566');
  });
});
