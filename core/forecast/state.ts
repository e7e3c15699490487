/**
 * Bytes of a forecaster's state: numbers and arrays of numbers one after the other, without names, little-endian as
 * every machine that runs this is. Whoever reads says in the same order what it expects.
 */

/** The state is of another version or other settings, or damaged: the forecaster is to be fed from history again. */
export class ForecasterStateError extends Error {
  override readonly name = 'ForecasterStateError';
}

type Numbers = Float64Array | Float32Array | Int32Array | Uint16Array | Uint8Array;

export class StateWriter {
  private readonly parts: Uint8Array[] = [];

  numbers(...values: number[]): void {
    this.array(Float64Array.from(values));
  }

  array(values: Numbers): void {
    this.parts.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice());
  }

  /** Bytes that are read as a whole. */
  section(bytes: Uint8Array): void {
    this.numbers(bytes.length);
    this.array(bytes);
  }

  /** A string of at most 65,535 UTF-16 units. */
  text(value: string): void {
    this.array(Uint16Array.of(value.length, ...Array.from(value, (_, i) => value.charCodeAt(i))));
  }

  bytes(): Uint8Array {
    const whole = new Uint8Array(this.parts.reduce((size, part) => size + part.length, 0));
    let at = 0;
    for (const part of this.parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

export class StateReader {
  private readonly bytes: Uint8Array;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** @throws {ForecasterStateError} where the bytes end before. */
  fill<T extends Numbers>(values: T): T {
    const end = this.at + values.byteLength;
    if (end > this.bytes.length)
      throw new ForecasterStateError(`state: expected at least ${end} bytes, got ${this.bytes.length}`);
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength).set(
      this.bytes.subarray(this.at, end),
    );
    this.at = end;
    return values;
  }

  numbers(count: number): number[] {
    return [...this.fill(new Float64Array(count))];
  }

  /** How many of something there were. */
  count(name: string): number {
    const [count = 0] = this.numbers(1);
    if (Number.isSafeInteger(count) && count >= 0) return count;
    throw new ForecasterStateError(`state: expected a count of ${name}, got ${count}`);
  }

  /** What {@link StateWriter.section} wrote; a view of it. @throws {ForecasterStateError} where the bytes end before. */
  section(name: string): Uint8Array {
    const length = this.count(`bytes ${name}`);
    const end = this.at + length;
    if (end > this.bytes.length)
      throw new ForecasterStateError(`state: expected at least ${end} bytes, got ${this.bytes.length}`);
    const section = this.bytes.subarray(this.at, end);
    this.at = end;
    return section;
  }

  text(): string {
    const [length = 0] = this.fill(new Uint16Array(1));
    return String.fromCharCode(...this.fill(new Uint16Array(length)));
  }

  /** @throws {ForecasterStateError} where something is left over. */
  end(): void {
    if (this.at !== this.bytes.length)
      throw new ForecasterStateError(`state: expected ${this.at} bytes, got ${this.bytes.length}`);
  }
}

/** @throws {ForecasterStateError} where one is not: it would be in every forecast to come */
export function checkFinite(what: string, numbers: readonly number[]): void {
  const wrong = numbers.find((number) => !Number.isFinite(number));
  if (wrong !== undefined) throw new ForecasterStateError(`${what}: expected finite numbers, got ${wrong}`);
}
