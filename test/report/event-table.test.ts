import { expect, it } from 'vitest';
import { actionTable, moveTable } from '../../backtest/report/event-table.ts';
import { unpackFloats, unpackInts, unpackJson } from '../../backtest/report/page/decode.js';
import { syntheticRun } from './fixture.ts';

const run = syntheticRun({ shards: 3, steps: 200, moves: 300 });
const indices = new Map(run.shards.map(({ name }, i) => [name, i]));

it('keeps time, shards, words and numbers of every move', async () => {
  // Out of order on purpose: the table sorts.
  const table = moveTable([...run.moves].reverse(), indices, run.start);
  const [at, into, outOf] = await Promise.all([table.at, table.into, table.outOf].map(unpackInts));
  const dictionaries = (await unpackJson(table.dictionaries)) as string[][];
  const column = async (key: keyof typeof table.words) => {
    const dictionary = dictionaries[Object.keys(table.words).indexOf(key)]!;
    return [...(await unpackInts(table.words[key]))].map((index) => dictionary[index]);
  };
  const [subjects, rules, q90] = [
    await column('subject'),
    await column('rule'),
    await unpackFloats(table.numbers.q90),
  ];
  let time = run.start;
  const rows = subjects.map((subject, i) => {
    time += at![i]!;
    return `${time} ${subject} ${rules[i]} ${into![i]} ${outOf![i]}`;
  });
  const shardOf = (place: object) => ('shard' in place ? indices.get(place.shard as string) : -1);
  const wanted = run.moves.map(
    ({ at, move }) => `${at} ${move.slice} ${move.reason.rule} ${shardOf(move.to)} ${shardOf(move.from)}`,
  );
  expect(rows.length).toBe(run.moves.length);
  expect([...rows].sort()).toEqual([...wanted].sort());
  const sum = run.moves.reduce((total, { move }) => total + move.reason.forecast!.q90, 0);
  expect(q90.reduce((a, b) => a + b, 0) / sum).toBeCloseTo(1, 3);
});

it('says of each action whether capacity comes or goes', async () => {
  const table = actionTable(run.actions, run.start);
  const into = await unpackInts(table.into);
  const starts = run.actions.filter(({ action }) => action.kind === 'start').length;
  expect(starts).toBeGreaterThan(0);
  expect(into.filter((index) => index === 0).length).toBe(starts);
});
