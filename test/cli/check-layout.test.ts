import { describe, expect, it } from 'vitest';
import { importFindings, lockFindings, sizeFindings } from '../../cli/check-layout.ts';

describe('imports', () => {
  const line = (file: string, text: string) => importFindings(file, `// first\n${text}\n`);

  it('lets a folder have what it may', () => {
    expect(line('core/a/b.ts', "import { z } from 'zod';")).toEqual([]);
    expect(line('core/a/b.ts', "import { c } from '../c.ts';")).toEqual([]);
    expect(line('flows/a.ts', "import type { Ports } from '../core/ports.ts';")).toEqual([]);
    expect(line('cli/a.ts', "import pkg from '../package.json' with { type: 'json' };")).toEqual([]);
    expect(line('backtest/a.ts', "import { readFile } from 'node:fs/promises';")).toEqual([]);
  });

  it.each([
    ['core/a.ts', "import { readFile } from 'node:fs';"],
    ['core/a.ts', "import { readFile } from 'fs';"],
    ['core/a.ts', "export * from '../flows/tick.ts';"],
    ['core/a.ts', "const x = await import('../backtest/run.ts');"],
    ['core/a.ts', "import '@aws-sdk/client-ec2';"],
    ['flows/a.ts', "import { z } from 'zod';"],
    ['flows/a.ts', "import {\n  World,\n} from '../backtest/world/world.ts';"],
    ['backtest/a/b.ts', "import { Ec2Fleet } from '../../adapters/aws/fleet.ts';"],
    ['cli/a.ts', "import { step } from '../lambdas/plan/handler.ts';"],
  ])('refuses in %s: %s', (file, text) => {
    const found = line(file, text);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^${file}:[24]: ${file.split('/')[0]}/ may not import `));
  });
});

it('holds sizes against the median, nine tenths and the most', () => {
  const sizes = (...lines: number[]) => sizeFindings(lines.map((n, i) => [`f${i}.ts`, n]));
  expect(sizes(100, 100, 100, 100, 100, 100, 100, 100, 260, 400)).toEqual([]);
  expect(sizes(1, 401)).toEqual([
    'f1.ts: expected at most 400 lines, got 401',
    'nine files in ten: expected at most 260 lines, got 401',
  ]);
  expect(sizes(101)).toEqual(['median: expected at most 100 lines, got 101']);
});

it('wants a lock file without addresses and with all that it names', () => {
  const whole = {
    '': { name: 'x' },
    'node_modules/a': {
      integrity: 'sha512-x',
      funding: { url: 'https://example.com' },
      optionalDependencies: { b: '1' },
    },
    'node_modules/b': { integrity: 'sha512-y' },
    'node_modules/b/node_modules/carried': { inBundle: true, optionalDependencies: { d: '^1.0.0' } },
  };
  expect(lockFindings({ packages: whole })).toEqual([]);
  const { 'node_modules/b': _, ...less } = whole;
  expect(lockFindings({ packages: less })).toEqual([
    'node_modules/a: its optional b is not in the lock file; "npm ci" refuses that',
  ]);
  expect(lockFindings({ packages: { 'node_modules/c': { resolved: 'https://example.com/c.tgz' } } })).toEqual(
    ['node_modules/c: expected no address in the lock file', 'node_modules/c: expected an integrity'],
  );
});
