import { jsonLog, type Log } from '../../../agent/log.ts';

/** A log that a test can read. */
export interface Lines {
  readonly log: Log;
  readonly lines: { readonly level: string; readonly event: string; readonly [field: string]: unknown }[];
  events(): string[];
}

export function lines(): Lines {
  const all: Lines['lines'] = [];
  return {
    lines: all,
    log: jsonLog(
      (line) => all.push(JSON.parse(line)),
      () => 0,
    ),
    events: () => all.map(({ event }) => event),
  };
}
