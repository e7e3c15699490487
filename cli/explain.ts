import type { Command } from 'commander';
import { parseAt, type Subject, tell } from '../backtest/report/explain.ts';
import { readRun } from '../backtest/report/run-file.ts';
import { storyOf } from '../backtest/report/story.ts';

interface Options {
  readonly run?: string;
  readonly service?: string;
  readonly region?: string;
  readonly instance?: string;
  readonly shard?: string;
  readonly at: string;
}

/** Adds `explain` to a program that has no such command yet. */
export function registerExplain(program: Command): void {
  configure(program.command('explain').description('say why an instance or a shard moved'));
}

/** `foreshard explain`: why each move of a shard or an instance happened. Its action throws errors of one line. */
export function configure(command: Command): void {
  command
    .option('--run <dir>', 'output directory of a backtest')
    .option('--service <name>', 'or a deployed service: stack Foreshard-<name>')
    .option('--region <name>', "its region; by default the AWS SDK's own choice (AWS_REGION, profile)")
    .option('--instance <id>', 'an instance, or one slice of it as <instance>:<port>')
    .option('--shard <name>', 'a shard')
    .requiredOption('--at <time>', 'ISO 8601; UTC unless it has an offset')
    .action(async ({ run, service, region, instance, shard, at }: Options) => {
      if ((instance === undefined) === (shard === undefined))
        throw new Error('explain needs either --shard NAME or --instance ID');
      if ((run === undefined) === (service === undefined))
        throw new Error(
          'explain needs either --run DIR of a backtest or --service NAME of a deployed service',
        );
      const time = parseAt(at);
      const subject: Subject =
        shard !== undefined ? { kind: 'shard', name: shard } : { kind: 'instance', id: instance! };
      const story =
        service === undefined
          ? storyOf(readRun(run!))
          : await recorded({ service, ...(region !== undefined && { region }) }, time);
      console.log(tell(story, subject, time).join('\n'));
    });
}

/** Loaded only when it is asked for: a backtest needs no AWS. */
async function recorded(where: { service: string; region?: string }, at: number) {
  const [{ connect }, { deployedStory }] = await Promise.all([
    import('./deployed.ts'),
    import('./deployed-story.ts'),
  ]);
  return deployedStory(await connect(where), at);
}
