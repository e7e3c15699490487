import { CommanderError } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fail, UsageError } from '../../cli/fail.ts';
import { SettingsError } from '../../core/settings/problem.ts';

function said(error: unknown): { code: number; text: string } {
  let text = '';
  const code = fail(error, (part) => {
    text += part;
  });
  return { code, text };
}

describe('a failure', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('is one line and code 1', () => {
    expect(said(new Error('no\n  way'))).toEqual({ code: 1, text: 'foreshard: no way\n' });
    expect(said('text')).toEqual({ code: 1, text: 'foreshard: text\n' });
    expect(said(new RangeError())).toEqual({ code: 1, text: 'foreshard: RangeError\n' });
  });

  it('of a settings file is one line per problem', () => {
    const error = new SettingsError(['f:1: a: expected x, got y', 'f:2: b: expected x, got y']);
    expect(said(error)).toEqual({
      code: 1,
      text: 'foreshard: f:1: a: expected x, got y\nforeshard: f:2: b: expected x, got y\n',
    });
  });

  it('of a settings file ends after fifty problems', () => {
    const lines = said(new SettingsError(Array.from({ length: 53 }, (_, i) => `p${i}`))).text.split('\n');
    expect(lines.slice(49, 52)).toEqual(['foreshard: p49', 'foreshard: … and 3 more problems', '']);
  });

  it('of usage has code 2', () => {
    expect(said(new UsageError('what?'))).toEqual({ code: 2, text: 'foreshard: what?\n' });
    expect(said(new CommanderError(1, 'x', 'error: unknown\n(Did you mean y?)'))).toEqual({
      code: 2,
      text: 'foreshard: unknown (Did you mean y?)\n',
    });
  });

  it('shows its stack only when asked to', () => {
    expect(said(new Error('x')).text).not.toContain('fail.test.ts');
    vi.stubEnv('FORESHARD_DEBUG', '1');
    expect(said(new Error('x')).text).toContain('fail.test.ts');
  });
});
