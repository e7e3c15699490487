/** Thrown for input that cannot be used. The message is one line: `FILE:LINE: column NAME: got VALUE, expected …`. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** @param line counted from 1 with the header; left out when the file as a whole is wrong */
export function inputError(
  file: string,
  line: number | undefined,
  column: string | undefined,
  got: string,
  expected: string,
): InputError {
  const place = line === undefined ? file : `${file}:${line}`;
  const where = column === undefined ? '' : `column ${column}: `;
  return new InputError(`${place}: ${where}got ${got}, expected ${expected}`);
}

/** A cell on one line, short enough for a message. */
export function quote(cell: string): string {
  return JSON.stringify(cell.length > 40 ? `${cell.slice(0, 39)}…` : cell);
}
