/** How good probabilities are, against what happened. */
export interface Score {
  readonly samples: number;
  /** Share that was interrupted. */
  readonly rate: number;
  /** Mean squared error of the probability. */
  readonly brier: number;
  /** Mean distance between what was said and what came, over bins with as many samples each. */
  readonly calibrationError: number;
  readonly bins: readonly { readonly said: number; readonly came: number; readonly samples: number }[];
}

const BINS = 10;

export function score(said: readonly number[], came: readonly boolean[]): Score {
  const n = said.length;
  const order = said.map((_, i) => i).sort((a, b) => said[a]! - said[b]!);
  const bins = Array.from({ length: BINS }, (_, b) => {
    const part = order.slice(Math.floor((b * n) / BINS), Math.floor(((b + 1) * n) / BINS));
    const mean = (of: (i: number) => number) =>
      part.reduce((sum, i) => sum + of(i), 0) / Math.max(1, part.length);
    return { said: mean((i) => said[i]!), came: mean((i) => Number(came[i])), samples: part.length };
  }).filter(({ samples }) => samples > 0);
  return {
    samples: n,
    rate: came.filter(Boolean).length / n,
    brier: said.reduce((sum, p, i) => sum + (p - Number(came[i])) ** 2, 0) / n,
    calibrationError: bins.reduce((sum, bin) => sum + (bin.samples / n) * Math.abs(bin.said - bin.came), 0),
    bins,
  };
}
