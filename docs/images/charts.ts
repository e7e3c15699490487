import { mkdirSync, writeFileSync } from 'node:fs';
import { readGroups } from '../../adapters/aws/fleet-groups.ts';
import { heldBy } from '../../adapters/aws/modes.ts';
import { tell } from '../../backtest/report/explain.ts';
import type { Deployed } from '../../cli/deployed.ts';
import { deployedStory } from '../../cli/deployed-story.ts';
import { statusOf } from '../../cli/status-read.ts';
import { statusText } from '../../cli/status-text.ts';
import { parseSettings } from '../../core/settings/parse.ts';
import { formatStamp } from '../../core/settings/stamp.ts';
import { HOUR, MINUTE, type Seconds } from '../../core/time.ts';
import { widgetSchema } from '../../lambdas/shard-charts/context.ts';
import { handler as shardCharts } from '../../lambdas/shard-charts/handler.ts';
import { working } from '../../test/lambdas/working.ts';
import { CROWD, Evening, settingsText } from './evening.ts';

/**
 * `node docs/images/charts.ts [WIDTH]`: the dashboard's widget over an evening of a small service, and what `foreshard
 * status` and `explain` say of it: `out/charts.html`, `out/status.txt`.
 *
 * NOT AN ACCOUNT: `plan`, `forecast`, `shard-charts`, the steps of the state machines, the commands and the adapters are
 * the real ones, over the model of AWS (test/model-aws) in virtual time, a table in memory and synthetic load. The page
 * around the widget is ours.
 */
const HELD = { shard: 'recommendations', from: CROWD - 10 * MINUTE };
const BUSY: Seconds = CROWD + 8 * MINUTE;
const TO: Seconds = CROWD + 3 * HOUR - 10 * MINUTE;
const RANGE: Seconds = 6 * HOUR;
const EXPLAINED = [
  ['checkout', CROWD - 40 * MINUTE],
  ['gift-finder', CROWD + 4 * MINUTE],
  ['reviews', CROWD],
] as const;

async function main(width: number): Promise<void> {
  const text = settingsText();
  const settings = parseSettings(text, 'shop.yaml');
  const stage = new Evening(settings);
  const { clock, table, aws, store } = stage.world;
  await stage.begin();
  const upTo = (end: Seconds) => stage.minutes((end - Math.floor(clock.now() / MINUTE) * MINUTE) / MINUTE);
  await upTo(HELD.from);
  const held = heldBy(HELD.shard, await store.slices(), () => 1);
  await stage.mode(HELD.shard, 'hold', held);
  const deployed: Deployed = {
    service: settings.service,
    by: 'nobody',
    clock,
    table,
    settings: {
      read: async () => ({ settings, text, etag: 'v1' }),
      write: () => Promise.reject(new Error()),
    },
    events: stage.ports.events,
    groups: () =>
      readGroups({ autoScaling: aws.client(), clock, groups: { steady: 'steady', spot: 'spot' } }),
    syncRoutes: async () => {},
  };
  const lines: string[] = [];
  for (const end of [BUSY, TO]) {
    await upTo(end);
    await clock.runUntil(end + 20);
    const status = statusText(await clock.settle(statusOf(deployed)));
    lines.push('$ npx foreshard status --service shop', status);
  }
  const failed = stage.results.flatMap((one) => (one.outcome === 'skipped' ? [] : one.failures));
  if (failed.length > 0) throw new Error(`ticks: expected no failure, got ${JSON.stringify(failed)}`);

  const now = clock.now();
  const draw = (theme: 'light' | 'dark') => {
    const timeRange = { start: (now - RANGE) * 1000, end: now * 1000 };
    const widget = widgetSchema.parse({ widgetContext: { theme, timeRange, width: width - 2 } });
    return shardCharts.work(widget, working({ table, settings: deployed.settings }, { now }));
  };
  mkdirSync('out', { recursive: true });
  writeFileSync('out/charts.html', page(await draw('light'), await draw('dark'), width));
  for (const [name, at] of EXPLAINED) {
    const asked = `$ npx foreshard explain --service shop --shard ${name} --at ${formatStamp(at).slice(0, 16)}Z`;
    const story = await clock.settle(deployedStory(deployed, at));
    lines.push(asked, ...tell(story, { kind: 'shard', name }, at), '');
  }
  writeFileSync('out/status.txt', lines.join('\n'));
}

function page(light: unknown, dark: unknown, width: number): string {
  const card = (theme: string, widget: unknown) =>
    `<section class="${theme}"><h1>Shards: load against forecast, and placements<span>⋮</span></h1>${widget}</section>`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Foreshard's widget over a model of AWS</title>
<style>
  body { margin: 0; padding: 20px; background: #f2f3f3; color: #687078; font: 12px sans-serif; }
  section { width: ${width - 2}px; border: 1px solid #d5dbdb; background: #fff; overflow: auto; }
  section.dark { display: none; background: #1a2029; border-color: #3a4655; }
  h1 { display: flex; justify-content: space-between; margin: 0; padding: 8px 12px; font-size: 14px; color: #16191f; }
  .dark h1 { color: #e9ebed; }
  @media (prefers-color-scheme: dark) {
    body { background: #0f141b; color: #95a5b8; }
    section.dark { display: block; }
    section.light { display: none; }
  }
</style>
${card('light', light)}${card('dark', dark)}
<p>Drawn by shard-charts over the project's model of AWS, in virtual time, with synthetic load. Not an account.</p></html>
`;
}

await main(Number(process.argv[2] ?? 1150));
