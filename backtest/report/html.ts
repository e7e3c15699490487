/** Markup that is safe to put into a page as it is. Only {@link html} and {@link raw} make it. */
export interface Html {
  readonly markup: string;
}

type Part = Html | string | number | readonly Html[];

/** A template tag that escapes every text put into it; markup of the same kind goes in as it is, lists joined. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { markup: strings.reduce((text, next, i) => text + render(parts[i - 1]!) + next) };
}

/** Vouches for markup from elsewhere: our own files, never settings or input. */
export function raw(markup: string): Html {
  return { markup };
}

function render(part: Part): string {
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  return 'markup' in part ? part.markup : part.map((one) => one.markup).join('');
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
