import cliProgress from 'cli-progress';

/** Progress of one piece of work. */
export interface Progress {
  /** @param done how much of `total` is done. @param note shown behind the bar */
  update(done: number, note?: string): void;
  /** Ends the bar; harmless when repeated. */
  stop(): void;
}

/** Where progress goes; tests give their own. */
export interface ProgressOptions {
  readonly quiet?: boolean;
  readonly stream?: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/**
 * Shows progress on stderr: a bar on a terminal, elsewhere (CI, a log file) a plain line at each quarter, nothing
 * when quiet.
 */
export function startProgress(label: string, total: number, options: ProgressOptions = {}): Progress {
  const stream = options.stream ?? process.stderr;
  if (options.quiet) return { update: () => undefined, stop: () => undefined };
  return stream.isTTY ? bar(label, total, stream) : plainLines(label, total, stream);
}

function bar(label: string, total: number, stream: NodeJS.WritableStream): Progress {
  const one = new cliProgress.SingleBar(
    { format: `${label} {bar} {percentage}% {note}`, stream, hideCursor: true, etaBuffer: 20, fps: 8 },
    cliProgress.Presets.shades_classic,
  );
  one.start(total, 0, { note: '' });
  return {
    update: (done, note = '') => one.update(Math.min(done, total), { note }),
    stop: () => one.stop(),
  };
}

function plainLines(label: string, total: number, stream: NodeJS.WritableStream): Progress {
  let said = 0;
  return {
    update(done, note) {
      const quarter = total > 0 ? Math.min(4, Math.floor((4 * done) / total)) : 4;
      if (quarter <= said) return;
      said = quarter;
      stream.write(`${label} ${quarter * 25}%${note ? ` ${note}` : ''}\n`);
    },
    stop: () => undefined,
  };
}
