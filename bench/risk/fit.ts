import { type Coefficients, FEATURES, linear, logistic } from '../../core/interruption/likelihood.ts';
import type { Sample } from './samples.ts';

/** Keeps weights small where there is little to learn from. */
const RIDGE = 3;
const ROUNDS = 30;

/** Features of which more can only mean more risk: all but the age. Without this one more interruption could lower it. */
const RISING = FEATURES.map((name) => name !== 'age');

/**
 * Logistic regression with a ridge, by Newton's method; a weight that has the wrong sign is left out and the rest fitted
 * again. @param horizon index into `lost`
 */
export function learn(samples: readonly Sample[], horizon: number): Coefficients {
  const used = FEATURES.map(() => true);
  for (;;) {
    const { base, weights } = newton(samples, horizon, used);
    const wrong = weights.map((weight, i) => (RISING[i] && weight < 0 ? weight : 0));
    const worst = wrong.indexOf(Math.min(...wrong));
    if (wrong[worst] === 0) return { base, weights };
    used[worst] = false;
  }
}

function newton(samples: readonly Sample[], horizon: number, used: readonly boolean[]): Coefficients {
  const width = used.length + 1;
  const beta = new Float64Array(width);
  for (let round = 0; round < ROUNDS; round++) {
    const gradient = new Float64Array(width);
    const hessian = Array.from({ length: width }, () => new Float64Array(width));
    for (const { features, lost } of samples) {
      const x = [1, ...features.map((feature, i) => (used[i] ? feature : 0))];
      let sum = 0;
      for (let i = 0; i < width; i++) sum += beta[i]! * x[i]!;
      const p = logistic(sum);
      const weight = p * (1 - p);
      const error = Number(lost[horizon]) - p;
      for (let i = 0; i < width; i++) {
        gradient[i]! += error * x[i]!;
        for (let j = 0; j <= i; j++) hessian[i]![j]! += weight * x[i]! * x[j]!;
      }
    }
    for (let i = 0; i < width; i++) {
      for (let j = 0; j < i; j++) hessian[j]![i] = hessian[i]![j]!;
      hessian[i]![i]! += i === 0 ? 1e-9 : RIDGE;
      if (i > 0) gradient[i]! -= RIDGE * beta[i]!;
    }
    const step = solve(hessian, gradient);
    let most = 0;
    for (let i = 0; i < width; i++) {
      beta[i]! += step[i]!;
      most = Math.max(most, Math.abs(step[i]!));
    }
    if (most < 1e-9) break;
  }
  return { base: beta[0]!, weights: [...beta.slice(1)] };
}

/** Gaussian elimination with pivots. */
function solve(matrix: readonly Float64Array[], right: Float64Array): Float64Array {
  const n = right.length;
  const a = matrix.map((row, i) => [...row, right[i]!]);
  for (let c = 0; c < n; c++) {
    let pivot = c;
    for (let r = c + 1; r < n; r++) if (Math.abs(a[r]![c]!) > Math.abs(a[pivot]![c]!)) pivot = r;
    [a[c], a[pivot]] = [a[pivot]!, a[c]!];
    for (let r = 0; r < n; r++) {
      if (r === c) continue;
      const factor = a[r]![c]! / a[c]![c]!;
      for (let k = c; k <= n; k++) a[r]![k]! -= factor * a[c]![k]!;
    }
  }
  return Float64Array.from(a, (row, i) => row[n]! / row[i]!);
}

export const predict = (coefficients: Coefficients, { features }: Sample) =>
  logistic(linear(coefficients, features));

/** The file that the product reads them from. */
export function coefficientsSource(
  fitted: Readonly<Record<'minutes15' | 'minutes60', Coefficients>>,
): string {
  const one = ({ base, weights }: Coefficients) =>
    `{ base: ${base.toFixed(4)}, weights: [${weights.map((weight) => Number(weight.toFixed(4))).join(', ')}] }`;
  return `import type { Coefficients } from './likelihood.ts';

/** Written by \`npm run bench:risk -- --fit\`. */
export const COEFFICIENTS: Readonly<Record<'minutes15' | 'minutes60', Coefficients>> = {
  minutes15: ${one(fitted.minutes15)},
  minutes60: ${one(fitted.minutes60)},
};
`;
}
