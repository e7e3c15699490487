import { gzipSync } from 'node:zlib';

/**
 * Numbers as text that fits into a page: little-endian 32-bit words, their bytes sorted into planes (equal bytes side
 * by side compress well), gzip, base64. `page/decode.js` is the other half.
 */

/**
 * Keeps 12 significant bits of each value (relative error ≤ 1/4096, integers to 4,096 exact): more than a plot can
 * show, and a third smaller than all of them. `NaN` stays `NaN`.
 */
export function packFloats(values: ArrayLike<number>): string {
  const words = new Uint32Array(new Float32Array(values).buffer);
  for (let i = 0; i < words.length; i++) words[i] = (words[i]! + 0x800) & 0xfffff000;
  return packWords(words);
}

/** Whole numbers of 32 bits, exact. @throws {RangeError} on anything else. */
export function packInts(values: readonly number[]): string {
  values.forEach((value, i) => {
    if ((value | 0) !== value)
      throw new RangeError(`value ${i}: must be a whole number of 32 bits, got ${value}`);
  });
  return packWords(new Uint32Array(new Int32Array(values).buffer));
}

export function packJson(value: unknown): string {
  return gzipSync(JSON.stringify(value)).toString('base64');
}

function packWords(words: Uint32Array): string {
  const planes = new Uint8Array(words.length * 4);
  for (let byte = 0; byte < 4; byte++) {
    for (let i = 0; i < words.length; i++) planes[byte * words.length + i] = words[i]! >>> (8 * byte);
  }
  return gzipSync(planes).toString('base64');
}
