import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { CONFIG_FILE, parseConfig } from './config.ts';
import { ask } from './control/client.ts';
import { type ControlRequest, socketOf } from './control/protocol.ts';
import { jsonLog } from './log.ts';

/** A move may come while the instance is still booting: its hooks wait so long for the agent (s). */
const BOOT = 20;

/**
 * `foreshard-agent run` is the daemon, which systemd starts; every other command asks the daemon of this host.
 * Results go to stdout, an error is one line on stderr: exit code 1, 2 for wrong usage.
 */
export async function main(args: readonly string[]): Promise<number> {
  const program = new Command('foreshard-agent')
    .description('Foreshard on an instance: hooks, gateway, state, limits')
    .option('--config <file>', 'its configuration', CONFIG_FILE)
    .exitOverride();
  const config = () => {
    const file: string = program.opts().config;
    return parseConfig(readFileSync(file, 'utf8'), file);
  };
  const tell = async (request: ControlRequest, patience = 0) =>
    console.log(await ask(socketOf(config().run), request, patience));

  program
    .command('run')
    .description('run the agent (systemd does)')
    .action(() => daemon(config()));
  program
    .command('status')
    .description('what it serves and measures')
    .action(() => tell({ command: 'status' }));
  const slice = (port: string | undefined) => (port === undefined ? {} : { slice: port });
  program
    .command('activate <shard> [port]')
    .description('make the environment of a shard active on a slice')
    .action((shard, port) => tell({ command: 'activate', shard, ...slice(port) }, BOOT));
  program
    .command('deactivate <shard> [port]')
    .description('end it')
    .action((shard, port) => tell({ command: 'deactivate', shard, ...slice(port) }, BOOT));
  program
    .command('hand-over <slice> <target>')
    .description('hand the state of a slice of this host to another host’s slice')
    .action((from, target) => tell({ command: 'hand-over', slice: from, target }));
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`foreshard-agent: ${(error as Error).message}\n`);
    return 1;
  }
}

async function daemon(config: ReturnType<typeof parseConfig>): Promise<void> {
  // The commands need none of what the daemon is made of.
  const { run } = await import('./run.ts');
  const ending = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort());
  const log = jsonLog((line) => process.stdout.write(`${line}\n`));
  try {
    await run(config, log, ending.signal);
  } catch (error) {
    if (ending.signal.aborted) return;
    log.error('ended', { error });
    throw error;
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
