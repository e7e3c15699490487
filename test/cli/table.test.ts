import { expect, it } from 'vitest';
import { formatTable } from '../../cli/table.ts';

it('a table is aligned, numbers to the right', () => {
  const rows = [
    ['ours', 12.5, '0.02 %', 'plain'],
    ['größer', 1234, '–', '10 things'],
  ];
  expect(formatTable(['policy', 'hours', 'unmet', 'knobs'], rows)).toBe(
    [
      'policy  hours   unmet  knobs',
      '──────  ─────  ──────  ─────────',
      'ours     12.5  0.02 %  plain',
      'größer   1234       –  10 things',
      '',
    ].join('\n'),
  );
});

it('a table without rows is its header', () => {
  expect(formatTable(['a', 'bc'], [])).toBe('a  bc\n─  ──\n');
});
