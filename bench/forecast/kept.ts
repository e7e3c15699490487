import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Answer, Case } from './answers.ts';

/** A peer's answer at one origin, as it is kept and as peers.py says it. */
export interface Line {
  readonly id: string;
  readonly quantiles: Answer;
  /** CPU time of fit and forecast, s. */
  readonly seconds?: number;
  /** Why the peer's model gave nothing; the answer is that of the last value then. */
  readonly failed?: string;
}

/**
 * Answers of peers in a file of a JSON object per line, only ever appended to, by what they depend on: peer, step,
 * horizons and every value up to the origin. Peers are slow and do not change.
 */
export class Kept {
  private readonly path: string;
  private readonly lines: ReadonlyMap<string, Line>;
  private readonly added = new Map<string, Line>();

  constructor(path: string) {
    this.path = path;
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    // A run that was killed may have left half a line.
    const whole = text.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
    this.lines = new Map(whole.map((line) => JSON.parse(line) as Line).map((line) => [line.id, line]));
  }

  get(id: string): Line | undefined {
    return this.added.get(id) ?? this.lines.get(id);
  }

  add(line: Line): void {
    if (this.added.size === 0) mkdirSync(dirname(this.path), { recursive: true });
    this.added.set(line.id, line);
    appendFileSync(this.path, `${JSON.stringify(line)}\n`);
  }
}

/** One id per origin of a case. @param peer its name and what else its answers depend on, e.g. a version */
export function idsOf(peer: string, { series: { values, step, horizons }, origins }: Case): string[] {
  return origins.map((origin) => {
    const known = new Uint8Array(values.buffer, values.byteOffset, 8 * (origin + 1));
    return hash(`${peer}|${step}|${horizons}|${hash(known)}`);
  });
}

const hash = (what: string | Uint8Array) => createHash('sha256').update(what).digest('hex').slice(0, 20);
