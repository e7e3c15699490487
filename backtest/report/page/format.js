/** Numbers and times as people read them; shared by the page and by the code that renders it. */

/** @param {number} value */
export function formatNumber(value) {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  if (size >= 10) return trim(value.toFixed(1));
  if (size >= 1) return trim(value.toFixed(2));
  return size < 1e-6 ? value.toExponential(1) : trim(value.toPrecision(2));
}

/** Short form for axes: `12k`, `3.4M`. @param {number} value */
export function formatShort(value) {
  const size = Math.abs(value);
  if (size >= 1e9) return `${trim((value / 1e9).toFixed(1))}G`;
  if (size >= 1e6) return `${trim((value / 1e6).toFixed(1))}M`;
  if (size >= 1e4) return `${trim((value / 1e3).toFixed(1))}k`;
  return trim(size >= 10 ? value.toFixed(1) : value.toPrecision(3));
}

/** @param {number} share in [0, 1] */
export function formatPercent(share) {
  if (!Number.isFinite(share)) return '–';
  const percent = share * 100;
  if (percent === 0) return '0 %';
  if (Math.abs(percent) < 1e-4) return '< 0.0001 %';
  return `${Math.abs(percent) >= 10 ? trim(percent.toFixed(1)) : trim(percent.toPrecision(2))} %`;
}

/** @param {number} dollars */
export function formatMoney(dollars) {
  if (!Number.isFinite(dollars)) return '–';
  const digits = Math.abs(dollars) >= 100 ? 0 : 2;
  return `$${dollars.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}

/** @param {number} seconds a span of time */
export function formatSpan(seconds) {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 120) return `${formatNumber(seconds)} s`;
  if (seconds < 7200) return `${trim((seconds / 60).toFixed(1))} min`;
  if (seconds < 172_800) return `${trim((seconds / 3600).toFixed(1))} h`;
  return `${trim((seconds / 86_400).toFixed(1))} days`;
}

/** `2026-05-04 10:15` in UTC, with seconds only where there are some. @param {number} seconds epoch */
export function formatTime(seconds) {
  const iso = new Date(Math.round(seconds) * 1000).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, iso.slice(17, 19) === '00' ? 16 : 19)}`;
}

/** `Mon 4 May` in UTC. @param {number} seconds epoch */
export function formatDay(seconds) {
  const date = new Date(seconds * 1000);
  const day = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][date.getUTCDay()];
  return `${day} ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Round numbers around 0, as many below as above and at least one each, that leave room at the edge. @param {number} most size of the edge, above 0 */
export function splitsAround(most) {
  const unit = 10 ** Math.floor(Math.log10(0.9 * most));
  const step = unit * [5, 2, 1].find((times) => times * unit <= 0.9 * most);
  const each = Math.floor((0.95 * most) / step);
  return Array.from({ length: 2 * each + 1 }, (_, i) => (i - each) * step);
}

/** @param {string} digits */
function trim(digits) {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}
