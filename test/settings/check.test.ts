import { describe, expect, it } from 'vitest';
import { manyShards, problemsOf, withLine } from './sample.ts';

describe('fields that do not fit each other', () => {
  const max = '  max: 40';
  const perInstance = '{ perInstance: 100 }';
  const calendar = (entry: string) => `${max}\ncalendar:\n  - { name: sale, ${entry} }`;
  const week = 'start: 2026-01-05T00:00:00Z, end: 2026-01-12T00:00:00Z';
  const cases: readonly [what: string, text: string, expected: string][] = [
    [
      'target above max',
      withLine(max, `${max}\nreadyPool: { target: 9, max: 8 }`),
      '11: readyPool.target: expected at most readyPool.max (8), got 9',
    ],
    [
      'a pool above the fleet',
      withLine(max, `${max}\nreadyPool: { max: 41 }`),
      '11: readyPool.max: expected at most fleet.max (40), got 41',
    ],
    [
      'a warm pool above the fleet',
      withLine(max, `${max}\n  warmMax: 41`),
      '11: fleet.warmMax: expected at most fleet.max (40), got 41',
    ],
    [
      'guarantee above max',
      withLine(perInstance, `${perInstance}\n    guarantee: 6\n    max: 5`),
      '5: shards[0].guarantee: expected at most max (5), got 6',
    ],
    [
      'max above the fleet',
      withLine(perInstance, `${perInstance}\n    max: 50`),
      '5: shards[0].max: expected at most fleet.max (40), got 50',
    ],
    [
      'guarantees above the fleet',
      withLine(perInstance, `${perInstance}\n    guarantee: 40`),
      '11: fleet.max: expected at least the sum of all guarantees (41), got 40',
    ],
    [
      'standby above max',
      withLine(perInstance, `${perInstance}\n    max: 2\n    standby: { instances: 3 }`),
      '6: shards[0].standby.instances: expected at most max (2), got 3',
    ],
    [
      'waking too late',
      withLine(perInstance, `${perInstance}\n    max: 2\n    standby: { instances: 1, wakeAbove: 201 }`),
      '6: shards[0].standby.wakeAbove: expected at most what max instances serve (200), got 201',
    ],
    [
      'a name twice',
      withLine('search', 'catalog'),
      '5: shards[1].name: expected a value that entry [0] does not have, got "catalog"',
    ],
    [
      'a route twice',
      withLine(perInstance, `${perInstance}\n    route: { path: /search/* }`),
      '6: shards[1].route: expected a route that entry [0] does not have, got "path /search/*"',
    ],
    [
      'a zone twice',
      withLine(max, `${max}\n  zones: [a, b, a]`),
      '11: fleet.zones[2]: expected a value that entry [0] does not have, got "a"',
    ],
    [
      'a type twice',
      withLine(max, `${max}\n  instanceTypes: [{ type: m7i.large }, { type: m7i.large }]`),
      '11: fleet.instanceTypes[1].type: expected a value that',
    ],
    [
      'an end before its start',
      withLine(max, calendar('start: 2026-01-05T02:00:00+02:00, end: 2026-01-05T00:00:00Z, factor: 2')),
      '12: calendar[0].end: expected a time after start',
    ],
    [
      'an event longer than its period',
      withLine(max, calendar(`${week}, factor: 2, repeat: daily`)),
      '12: calendar[0].end: expected at most 86400 s after start, because it comes daily, got 604800 s',
    ],
    [
      'an event that says nothing',
      withLine(max, calendar(week)),
      '12: calendar[0]: expected a factor or a load, got neither',
    ],
    [
      'an event of an unknown shard',
      withLine(max, calendar(`${week}, factor: 2, shards: [serch]`)),
      '12: calendar[0].shards[0]: expected a shard of this file, the nearest is "search", got "serch"',
    ],
    [
      'paths above 100 shards',
      manyShards((i) => (i === 7 ? ', route: { path: /x }' : `, route: { host: s${i}.example.com }`)),
      '11: shards[7].route: expected a host for each of more than 100 shards (the target groups of one load balancer), got 1 of 101 shards without, first "s7"',
    ],
  ];

  it.each(cases)('%s', (_, text, expected) => {
    const problems = problemsOf(text);
    expect(problems[0]).toContain(`shop.yaml:${expected}`);
    expect(problems).toHaveLength(1);
  });
});
