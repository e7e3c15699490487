import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { initSync, MSTL } from '@bsull/augurs/mstl';
import { DAY } from '../../core/time.ts';
import type { Answer } from './answers.ts';
import type { Series } from './sets.ts';

/** Rises with every change of what it does with the same values. */
export const AUGURS = 'augurs MSTL';
export const AUGURS_REVISION = `${AUGURS} 0.10.2, 1`;

/** Widths of the prediction intervals whose upper ends are the .9, .95 and .99 quantile; the first has .1 below. */
const INTERVALS = [0.8, 0.9, 0.98] as const;
/** Values that it is fitted to: two weeks, where they are not too many to be affordable. */
const MOST = { weeks: 4032, otherwise: 4000 };

let ready = false;

/** @throws {Error} of augurs, e.g. when there are not two days of values */
export function forecastAugurs({ values, step, horizons }: Series, origin: number): Answer {
  if (!ready) {
    // Not among what the package exports, but beside what it does.
    const script = createRequire(import.meta.url).resolve('@bsull/augurs/mstl');
    const module = readFileSync(script.replace(/\.js$/, '_bg.wasm'));
    initSync({ module });
    ready = true;
  }
  const day = Math.max(2, Math.round(DAY / step));
  const most = 14 * day <= MOST.weeks ? Math.max(2016, 14 * day) : MOST.otherwise;
  const known = bridged(values.subarray(0, origin + 1)).slice(-most);
  const model = MSTL.ets(
    [day, 7 * day].filter((season) => 2 * season <= known.length),
    null,
  );
  try {
    model.fit(known);
    const made = INTERVALS.map((level) => model.predict(Math.max(...horizons), level));
    const [{ point, intervals: inner }] = made as [(typeof made)[number]];
    return horizons.map((ahead) =>
      [
        inner?.lower[ahead - 1],
        point[ahead - 1],
        ...made.map(({ intervals }) => intervals?.upper[ahead - 1]),
      ].map((value) => {
        if (value === undefined || !Number.isFinite(value))
          throw new RangeError(`${AUGURS}: expected a finite number, got ${value}`);
        return Math.max(0, value);
      }),
    );
  } finally {
    model.free();
  }
}

/** Straight lines over gaps; after the last value it is held. */
function bridged(values: Float64Array): Float64Array {
  const whole = values.slice();
  let last = -1;
  for (let i = 0; i < whole.length; i++) {
    if (Number.isNaN(values[i])) continue;
    const from = last < 0 ? values[i]! : values[last]!;
    for (let k = last + 1; k < i; k++) whole[k] = from + ((values[i]! - from) * (k - last)) / (i - last);
    last = i;
  }
  return whole.fill(values[last] ?? 0, last + 1);
}
