import type { Command } from 'commander';
import { addWhere, connect, type Where } from './deployed.ts';
import { type Status, statusOf } from './status-read.ts';
import { statusText } from './status-text.ts';

interface Options extends Where {
  readonly json?: true;
}

/** `foreshard status`: how a deployed service stands. */
export function configure(command: Command): void {
  addWhere(command)
    .option('--json', 'as JSON: times in epoch seconds, loads in the unit of the shard, sizes in instances')
    .action(async (options: Options) => {
      const status = await statusOf(await connect(options));
      process.stdout.write(options.json === true ? asJson(status) : statusText(status));
    });
}

/** What is not known is null. */
export function asJson(status: Status): string {
  return `${JSON.stringify(status, (_, value) => (value === undefined ? null : value), 2)}\n`;
}
