/** Text that came from outside, harmless in HTML and in attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** 3 digits and a prefix: 950, 1.2k, 34M. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  for (const [size, prefix] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const)
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(3))}${prefix}`;
  return String(Number(value.toPrecision(3)));
}

export interface Colours {
  readonly back: string;
  readonly text: string;
  readonly faint: string;
  readonly line: string;
  readonly load: string;
  readonly band: string;
  readonly capacity: string;
  readonly alarm: string;
}

/** Told apart by lightness too, not by hue alone. */
export const LIGHT: Colours = {
  back: '#ffffff',
  text: '#16191f',
  faint: '#687078',
  line: '#d5dbdb',
  load: '#0b5cad',
  band: '#9cc3ec',
  capacity: '#c2410c',
  alarm: '#b91c1c',
};

export const DARK: Colours = {
  back: '#1a2029',
  text: '#e9ebed',
  faint: '#95a5b8',
  line: '#3a4655',
  load: '#8cc4ff',
  band: '#2d557f',
  capacity: '#ff9a5c',
  alarm: '#ff8a8a',
};
