import type { Seconds } from '../../time.ts';

/** One series as a file has it, in order of time. Nothing is laid on a grid yet: what that does depends on the origin. */
export interface Points {
  readonly name: string;
  /** Ascending; equal stamps keep the file's order. */
  readonly times: ArrayLike<Seconds>;
  /** `NaN` is missing. */
  readonly values: ArrayLike<number>;
}

/** Puts series in order of time; columns that share their stamps share the sorted ones too. */
export function inOrder(
  series: readonly {
    readonly name: string;
    readonly times: ArrayLike<Seconds>;
    readonly values: ArrayLike<number>;
  }[],
): Points[] {
  const orders = new Map<ArrayLike<Seconds>, { times: Float64Array; order: Int32Array | undefined }>();
  return series.map(({ name, times, values }) => {
    let known = orders.get(times);
    if (known === undefined) {
      known = sorted(times);
      orders.set(times, known);
    }
    const { order } = known;
    const moved = order === undefined ? values : Float64Array.from(order, (i) => values[i]!);
    return { name, times: known.times, values: moved };
  });
}

function sorted(times: ArrayLike<Seconds>): { times: Float64Array; order: Int32Array | undefined } {
  const plain = Float64Array.from(times);
  if (plain.every((time, i) => i === 0 || time >= plain[i - 1]!)) return { times: plain, order: undefined };
  const order = Int32Array.from(plain, (_, i) => i).sort((a, b) => plain[a]! - plain[b]! || a - b);
  return { times: Float64Array.from(order, (i) => plain[i]!), order };
}

/** The newest time at which a value is known; undefined where there is none. */
export function lastKnown({ times, values }: Points): Seconds | undefined {
  for (let i = times.length - 1; i >= 0; i--) if (!Number.isNaN(values[i])) return times[i];
  return undefined;
}
