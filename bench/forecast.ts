import { Command, CommanderError, Option } from 'commander';
import { fail } from '../cli/fail.ts';
import { type Progress, startProgress } from '../cli/progress.ts';
import { messageOf } from '../core/failure.ts';
import { pythonWith } from '../test/aws/python.ts';
import { type Measured, measureAccuracy } from './forecast/accuracy.ts';
import { broken, newShards, proposals } from './forecast/others.ts';
import { metricsText } from './forecast/print.ts';
import { defaultFiles, type Part } from './forecast/sets.ts';
import { measureSpeed } from './forecast/speed/speed.ts';
import { numberOption } from './lib/options.ts';
import { writeResult } from './lib/results.ts';

const MEASURES = ['accuracy', 'speed', 'proposals', 'broken', 'new-shards'] as const;
type Measure = (typeof MEASURES)[number];

interface Options {
  readonly load?: string[];
  readonly only?: Measure;
  readonly part: Part;
  readonly series: number;
  readonly origins: number;
  readonly parts?: boolean;
  readonly peersRefresh: boolean;
  readonly out: string;
  readonly json?: string;
  readonly quiet: boolean;
}

const command = new Command('bench:forecast')
  .description('How good the forecasts are, and how quick, next to those of others at the same points.')
  .option(
    '--load <file...>',
    'load histories, one or several (default: the public traces beside the project)',
  )
  .addOption(new Option('--only <measure>', 'one of the five').choices(MEASURES))
  .addOption(
    new Option('--part <part>', 'origins from 30 to 60 % of a series, or from 60 % on')
      .choices(['first', 'last'])
      .default('last'),
  )
  .option('--series <n>', 'series of a set', numberOption({ min: 1, max: 1000, whole: true }), 8)
  .option('--origins <n>', 'origins of a series', numberOption({ min: 1, max: 1000, whole: true }), 40)
  .option('--parts', 'each expert of ours alone, too (default: unless --only)')
  .option('--no-parts', 'never')
  .option('--no-peers-refresh', "peers' answers only as far as they were kept")
  .option('--out <dir>', "where peers' answers are kept, and the drawing goes", 'out/bench-forecast')
  .option('--json <file>', 'write metrics and rows there')
  .option('--quiet', 'no progress', false)
  .exitOverride()
  .configureOutput({ outputError: () => undefined });

const say = (text: string) => process.stderr.write(`${text}\n`);

/** The Python that has statsforecast, in an environment of its own; undefined where it cannot be had. */
async function pythonOf({ peersRefresh }: Options): Promise<string | undefined> {
  if (!peersRefresh) return undefined;
  try {
    const requirements = new URL('forecast/requirements.txt', import.meta.url);
    return await pythonWith(requirements, 'statsforecast (560 MB)', say);
  } catch (error) {
    say(`bench:forecast: without statsforecast: ${messageOf(error)}`);
    return undefined;
  }
}

/** One bar after the other, each named by its stage. */
function staged(quiet: boolean): { update(share: number, stage: string): void; stop(): void } {
  let shown: { stage: string; bar: Progress } | undefined;
  return {
    update(share, stage) {
      if (shown?.stage !== stage) {
        shown?.bar.stop();
        shown = { stage, bar: startProgress(`bench:forecast ${stage}`, 1000, { quiet }) };
      }
      shown.bar.update(Math.floor(1000 * share));
    },
    stop: () => shown?.bar.stop(),
  };
}

async function main(args: readonly string[]): Promise<number> {
  command.parse(args, { from: 'user' });
  const options = command.opts<Options>();
  const { only, part, series, origins, out, quiet, json } = options;
  const files = options.load ?? defaultFiles(say);
  const wanted = (measure: Measure) => only === undefined || only === measure;
  const python = wanted('accuracy') || wanted('speed') ? await pythonOf(options) : undefined;
  const results: Measured[] = [];
  if (wanted('accuracy')) {
    const { peersRefresh: refresh, parts = only === undefined } = options;
    const progress = staged(quiet);
    const onProgress = progress.update;
    results.push(
      await measureAccuracy({
        ...{ files, part, series, origins, out, python, refresh, parts, onProgress },
      }).finally(() => progress.stop()),
    );
  }
  if (wanted('speed')) results.push(await measureSpeed(files, python));
  if (wanted('proposals')) results.push(await proposals(files));
  if (wanted('broken')) results.push(await broken(files));
  if (wanted('new-shards')) results.push(await newShards(files, part, series));
  const metrics = Object.assign({}, ...results.map((result) => result.metrics));
  console.log([...results.map(({ text }) => text), metricsText(metrics, only === undefined)].join('\n'));
  if (json !== undefined) writeResult(json, { metrics, rows: results.flatMap(({ rows }) => rows) });
  return 0;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    // Commander ends --help this way.
    process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : fail(error);
  },
);
