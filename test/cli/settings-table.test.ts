import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { renderSettingsTable, SETTINGS_TABLE } from '../../cli/settings-table.ts';

it('is the committed page (`npm run docs:settings` makes it)', () => {
  expect(readFileSync(SETTINGS_TABLE, 'utf8')).toBe(renderSettingsTable());
});

it('shows defaults, bounds and what is required, of nested mappings too', () => {
  const table = renderSettingsTable({
    properties: {
      fleet: {
        description: 'The machines.',
        required: ['max'],
        default: { leads: { cold: 240 } },
        properties: {
          max: { type: 'integer', minimum: 1, maximum: 9, description: 'Most.' },
          leads: { properties: { cold: { type: 'number', description: 'A <time> | s.' } } },
        },
      },
    },
    required: ['fleet'],
  });
  expect(table).toContain('| `fleet.max` | Most. | an integer from 1 to 9 | **required** |\n');
  expect(table).toContain('| `fleet.leads.cold` | A &lt;time> \\| s. | a number | `240` |\n');
});
