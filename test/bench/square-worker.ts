import { serve } from '../../bench/lib/pool.ts';

serve<number, { value: number }>((factor, { value }, report) => {
  if (value < 0) throw new RangeError(`value: expected ≥ 0, got ${value}`);
  report(0.5);
  return factor * value * value;
});
