/** What the agent says of itself: one JSON line per event. Fields are named one by one, so that no secret gets in. */
export interface Log {
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
}

/** An error is written as its name and message, without its stack. */
export type Fields = Readonly<Record<string, string | number | boolean | Error | unknown>>;

type Level = 'info' | 'warn' | 'error';

/** @param write takes one line, without its end */
export function jsonLog(write: (line: string) => void, now: () => number = Date.now): Log {
  const say =
    (level: Level) =>
    (event: string, fields: Fields = {}) => {
      const plain = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plainOf(value)]));
      write(JSON.stringify({ time: new Date(now()).toISOString(), level, event, ...plain }));
    };
  return { info: say('info'), warn: say('warn'), error: say('error') };
}

/** Long lines are cut, and bytes are never written: they may be state or a key. */
function plainOf(value: unknown): string | number | boolean | null {
  if (value instanceof Error) return messageOf(value).slice(0, 500);
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value.slice(0, 500);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  return `[${typeof value}]`;
}

function messageOf(error: Error): string {
  const name = error.name === 'Error' ? '' : `${error.name}: `;
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${name}${error.message}${cause}`;
}
