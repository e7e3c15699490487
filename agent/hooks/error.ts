/** A hook did not do what it was asked; the message names the hook, the slice, and what it said. */
export class HookError extends Error {
  override readonly name = 'HookError';
  /** Nothing is there that could answer: no such file, no such path. */
  readonly missing: boolean;
  constructor(message: string, { missing = false }: { readonly missing?: boolean } = {}) {
    super(message);
    this.missing = missing;
  }
}

/** The first line that says something, short enough for a message. */
export function firstLine(text: string): string {
  const line = text
    .split('\n')
    .map((one) => one.trim())
    .find((one) => one !== '');
  return line === undefined ? 'nothing' : line.slice(0, 200);
}
