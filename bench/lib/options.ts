import { InvalidArgumentError } from 'commander';

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
}

/** A parser of one number for commander's options; what is out of bounds is refused by name and value. */
export function numberOption({ min, max, whole = false }: Bounds): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(value >= min && value <= max) || (whole && !Number.isInteger(value))) {
      throw new InvalidArgumentError(
        `Expected a ${whole ? 'whole ' : ''}number from ${min} to ${max}, got "${text}".`,
      );
    }
    return value;
  };
}

/** Several of them, separated by commas, each once. */
export function numbersOption(bounds: Bounds): (text: string) => number[] {
  const one = numberOption(bounds);
  return (text) => [...new Set(text.split(',').map(one))];
}
