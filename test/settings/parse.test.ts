import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSettings } from '../../core/settings/parse.ts';
import { GOOD, manyShards, problemsOf, withLine } from './sample.ts';

describe('a good settings file', () => {
  it('is read with its defaults', () => {
    const settings = parseSettings(GOOD, 'shop.yaml');
    expect(settings.shards.map((shard) => [shard.name, shard.guarantee, shard.mode])).toEqual([
      ['catalog', 1, 'shadow'],
      ['search', 1, 'shadow'],
    ]);
    expect(settings.fleet.leadTimes.cold).toEqual({ seconds: 240, spread: 0 });
    expect(settings.readyPool).toEqual({ target: 'auto', max: 10 });
  });

  it('may give the spread of a lead time alone', () => {
    const text = withLine('  max: 40', '  max: 40\n  leadTimes: { warm: { spread: 0.2 } }');
    expect(parseSettings(text, 'f').fleet.leadTimes.warm).toEqual({ seconds: 60, spread: 0.2 });
  });

  it('may use anchors', () => {
    const text = withLine('{ perInstance: 100 }', '&same { perInstance: 100 }').replace(
      /capacity:\n.*\n.*/,
      'capacity: *same',
    );
    expect(parseSettings(text, 'f').shards[1]?.capacity.perInstance).toBe(100);
  });

  it('may have more than 100 shards when each has a host', () => {
    expect(problemsOf(manyShards((i) => `, route: { host: s${i}.example.com }`))).toEqual([]);
  });
});

describe('a wrong settings file', () => {
  const service = 'service: shop';
  const max = '  max: 40';
  const perInstance = '{ perInstance: 100 }';
  const calendar = (entry: string) => `${max}\ncalendar:\n  - { name: sale, ${entry} }`;
  const cases: readonly [what: string, text: string, expected: string][] = [
    ['empty', '', '1: settings: expected a mapping with service, shards and fleet, got an empty file'],
    ['a list', '- a\n', '1: settings: expected a mapping with service and shards and fleet, got ["a"]'],
    ['bad YAML', withLine(service, 'service: [shop'), '2: not valid YAML: Flow sequence'],
    ['two documents', `${GOOD}---\n${GOOD}`, '11: not valid YAML: Source contains multiple documents'],
    ['a tag', withLine(service, 'service: !x shop'), '1: not valid YAML: Unresolved tag: !x'],
    ['an alias to nothing', withLine(service, 'service: *x'), '1: not valid YAML: Unresolved alias'],
    [
      'an alias to itself',
      withLine(perInstance, '&x { perInstance: [*x] }'),
      '4: shards[0].capacity.perInstance: expected a number above 0, got a value that contains itself',
    ],
    ['a key twice', withLine(max, '  max: 1\n  max: 2'), '11: max: expected each key once, got it twice'],
    ['no service', withLine(`${service}\n`, ''), '1: service: expected '],
    [
      'a bad name',
      withLine(service, 'service: a b'),
      '1: service: expected 1–32 letters, digits or hyphens, not',
    ],
    [
      'a wrong type',
      withLine(max, '  max: many'),
      '10: fleet.max: expected an integer from 1 to 200000, got "many"',
    ],
    ['nothing', withLine(max, '  max:'), '10: fleet.max: expected an integer from 1 to 200000, got nothing'],
    [
      'a fraction',
      withLine(max, '  max: 2.5'),
      '10: fleet.max: expected an integer from 1 to 200000, got 2.5',
    ],
    [
      'infinity',
      withLine(perInstance, '{ perInstance: .inf }'),
      '4: shards[0].capacity.perInstance: expected a number above 0, got Infinity',
    ],
    [
      'zero',
      withLine(perInstance, '{ perInstance: 0 }'),
      '4: shards[0].capacity.perInstance: expected a number above 0, got 0',
    ],
    [
      'a wrong mode',
      withLine(perInstance, `${perInstance}\n    mode: on`),
      '5: shards[0].mode: expected one of shadow, hold, active, got "on"',
    ],
    [
      'a key that misses',
      withLine('      perInstance: 50\n', ''),
      '6: shards[1].capacity.perInstance: expected a number above 0, got nothing',
    ],
    [
      'an unknown key',
      withLine(perInstance, `${perInstance}\n    guarante: 2`),
      '5: shards[0].guarante: expected a known key, the nearest is "guarantee", got "guarante"',
    ],
    [
      'an unknown key at the top',
      withLine(service, `${service}\nflet: 1`),
      '2: flet: expected a known key, the nearest is "fleet", got "flet"',
    ],
    [
      'a route of no kind',
      withLine(perInstance, `${perInstance}\n    route: /x`),
      '5: shards[0].route: expected a mapping with path or a mapping with host or a mapping with header and value, got "/x"',
    ],
    [
      'half a route',
      withLine(perInstance, `${perInstance}\n    route: { header: x }`),
      '5: shards[0].route: expected a mapping with path or',
    ],
    [
      'a misspelt route',
      withLine(perInstance, `${perInstance}\n    route: { hots: x }`),
      '5: shards[0].route.hots: expected a known key, the nearest is "host", got "hots"',
    ],
    [
      'a bad path',
      withLine(perInstance, `${perInstance}\n    route: { path: x }`),
      '5: shards[0].route.path: expected text that starts with "/", got "x"',
    ],
    [
      'a wrong target',
      withLine(max, `${max}\nreadyPool: { target: some }`),
      '11: readyPool.target: expected "auto" or an integer from 0 to 100000, got "some"',
    ],
    [
      'not a type',
      withLine(max, `${max}\n  instanceTypes: [{ type: big }]`),
      '11: fleet.instanceTypes[0].type: expected an EC2 instance type such as m7i.large, got "big"',
    ],
    [
      'no shards',
      'service: s\nshards: []\nfleet: { max: 1 }\n',
      '2: shards: expected a list of 1 to 20000 entries, got []',
    ],
    [
      'a stamp without offset',
      withLine(max, calendar('start: 2026-01-05T00:00:00, end: 2026-01-06T00:00:00Z, factor: 2')),
      '12: calendar[0].start: expected a stamp with offset such as 2026-01-05T06:15:00Z, got "2026-01-05T00:00:00"',
    ],
  ];

  it.each(cases)('%s', (_, text, expected) => {
    const problems = problemsOf(text);
    expect(problems[0]).toContain(`shop.yaml:${expected}`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).not.toContain('\n');
  });

  it('is told all that is wrong, in order of lines', () => {
    const text = withLine(max, '  max: -1')
      .replace('name: catalog', 'name: a/b')
      .replace('perInstance: 50', 'per: 1');
    expect(problemsOf(text).map((problem) => problem.split(': ').slice(0, 2).join(' '))).toEqual([
      'shop.yaml:3 shards[0].name',
      'shop.yaml:6 shards[1].capacity.perInstance',
      'shop.yaml:7 shards[1].capacity.per',
      'shop.yaml:10 fleet.max',
    ]);
  });

  it('is refused in reasonable time when its aliases explode', () => {
    const levels = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`)}]`);
    expect(problemsOf(`a0: &a0 [x]\n${levels.join('\n')}\n`)[0]).toContain('shop.yaml:1: not valid YAML: ');
  });

  it('never ends in another error, whatever was typed into it', () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 6 }),
      fc.constantFrom(
        '- ',
        ': ',
        '\n',
        '  ',
        '*a',
        '&a ',
        '{',
        '[',
        '<<: ',
        '__proto__: 1',
        '? ',
        '!!map ',
        '|',
        '%',
        '\t',
        '~',
      ),
    );
    fc.assert(
      fc.property(fc.nat(GOOD.length), fc.nat(12), fc.array(piece, { maxLength: 3 }), (at, cut, pieces) => {
        const text = GOOD.slice(0, at) + pieces.join('') + GOOD.slice(at + cut);
        for (const problem of problemsOf(text)) expect(problem).toMatch(/^shop\.yaml:[1-9]\d*: .+$/);
      }),
      { numRuns: 500 },
    );
  });
});
