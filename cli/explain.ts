import type { Command } from 'commander';
import { explain, parseAt } from '../backtest/report/explain.ts';
import { readRun } from '../backtest/report/run-file.ts';

interface Options {
  readonly run: string;
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
    .requiredOption('--run <dir>', 'output directory of a backtest')
    .option('--instance <id>', 'an instance, or one slice of it as <instance>:<port>')
    .option('--shard <name>', 'a shard')
    .requiredOption('--at <time>', 'ISO 8601; UTC unless it has an offset')
    .action(({ run, instance, shard, at }: Options) => {
      if ((instance === undefined) === (shard === undefined)) {
        throw new Error('explain needs either --shard NAME or --instance ID');
      }
      const time = parseAt(at);
      const subject =
        shard !== undefined
          ? ({ kind: 'shard', name: shard } as const)
          : ({ kind: 'instance', id: instance! } as const);
      console.log(explain(readRun(run), subject, time).join('\n'));
    });
}
