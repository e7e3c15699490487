import { DynamoTable } from '../../adapters/aws/dynamo-table.ts';
import { SettingsStore } from '../../adapters/aws/settings-store.ts';
import type { Table } from '../../adapters/aws/table.ts';
import { dynamoClient, s3Client } from '../lib/clients.ts';
import { lambda } from '../lib/handler.ts';
import { viewOf, widgetSchema } from './context.ts';
import { pageOf } from './page.ts';
import { readCharts } from './read.ts';
import { chosen, seriesOf } from './series.ts';

const HELP = `## Shards of a Foreshard service

Load against the forecast and the capacity that serves, for each shard, over the time range of the dashboard (72 h at
most), and where every slice is. It reads the service's table and nothing else, and costs nothing per shard.

| parameter | what | default |
|---|---|---|
| \`shards\` | list of names to draw | those with the least room |
| \`most\` | charts at most, 1 to 60 | 12 |

\`\`\` yaml
most: 12
\`\`\`
`;

export interface ChartParts {
  readonly table: Table;
  readonly settings: Pick<SettingsStore, 'read'>;
}

/** `shard-charts`: a custom widget of the dashboard. Answers HTML, or Markdown where CloudWatch asks what it is. */
export const handler = lambda(
  'shard-charts',
  widgetSchema,
  (env): ChartParts => ({
    table: new DynamoTable(dynamoClient(), env.TABLE),
    settings: new SettingsStore(s3Client(), env.BUCKET),
  }),
  async (widget, { parts: { table, settings }, now }) => {
    if (widget.describe) return HELP;
    const at = now();
    const view = viewOf(widget, at);
    const [deployed, read] = await Promise.all([settings.read(), readCharts(table, view.from, view.to, at)]);
    const series = seriesOf(read, deployed.settings);
    return pageOf(series, chosen(series, widget.shards, widget.most), read, view, at);
  },
);
