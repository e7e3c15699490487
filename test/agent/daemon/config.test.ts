import { describe, expect, it } from 'vitest';
import { appConfigOf, parseConfig } from '../../../agent/config.ts';

const LEAST = 'service: demo\ntable: t\nbucket: b\n';
const problemsOf = (yaml: string): string => {
  try {
    parseConfig(yaml, 'agent.yaml');
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return 'nothing';
};

describe('a configuration', () => {
  it('needs service, table and bucket; the rest has its usual value', () => {
    expect(parseConfig(LEAST, 'agent.yaml')).toEqual({
      service: 'demo',
      table: 't',
      bucket: 'b',
      transferPort: 7946,
      metadata: 'http://169.254.169.254',
      run: '/run/foreshard/agent',
      hooks: { exec: '/opt/foreshard/hooks' },
      state: 'stream',
      timeouts: { activate: 60, call: 10, stall: 30 },
      shards: {},
    });
  });

  it('says of one shard only what is different', () => {
    const config = parseConfig(
      `${LEAST}hooks: { http: 'http://127.0.0.1:{appPort}/fs' }\ntimeouts: { call: 3 }
shards: { cart: { state: { directory: '/srv/{shard}/{slot}' } }, list: { timeouts: { activate: 5 } } }\n`,
      'agent.yaml',
    );
    expect(appConfigOf(config, 'cart')).toEqual({
      hooks: { http: 'http://127.0.0.1:{appPort}/fs' },
      state: { directory: '/srv/{shard}/{slot}' },
      timeouts: { activate: 60, call: 3, stall: 30 },
    });
    expect(appConfigOf(config, 'list').timeouts).toEqual({ activate: 5, call: 10, stall: 30 });
    expect(appConfigOf(config, 'list').state).toBe('stream');
    expect(appConfigOf(config, 'constructor').state).toBe('stream');
  });

  it.each([
    ['', 'config: expected object, got nothing'],
    ['service: demo\ntable: t\n', 'bucket: expected a bucket, or a settings file, got nothing'],
    [`${LEAST}slices: [8080, 8080]`, 'slices[1]: expected each port once, got 8080 again'],
    [`${LEAST}slices: [60000]`, 'slices[0]: expected at most 55535, got 60000'],
    [`${LEAST}transferPort: 0`, /transferPort: expected .*>=1, got 0$/],
    [`${LEAST}timeouts: { call: 0 }`, /timeouts\.call: expected .*>=0\.1, got 0$/],
    [`${LEAST}colour: red`, 'colour: expected a known key, got "red"'],
    [`${LEAST}metadata: https://here/there`, 'metadata: expected http://host:port, got "https://here/there"'],
    [`${LEAST}run: here`, 'run: expected an absolute path, got "here"'],
    [`${LEAST}hooks: { exec: x }`, /hooks/],
    [`${LEAST}a: [`, /not valid YAML/],
  ])('%j is refused with field, bound and value', (yaml, expected) => {
    const said = problemsOf(yaml);
    expect(said).toMatch(/^ConfigError: agent\.yaml: /);
    if (typeof expected === 'string') expect(said).toBe(`ConfigError: agent.yaml: ${expected}`);
    else expect(said).toMatch(expected);
  });
});
