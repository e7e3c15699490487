import { unpackFloats, unpackInts, unpackJson } from './decode.js';

/** The run as the page sees it; series are unpacked when a chart first needs them and kept. */
export const data = JSON.parse(document.getElementById('run').textContent);
export const end = data.start + data.steps * data.step;
export const times = Float64Array.from({ length: data.steps }, (_, i) => data.start + i * data.step);

const cache = new Map();

/** Unpacks a record of series. @param {string} key @param {Record<string, string>} packed */
export function unpackAll(key, packed) {
  if (!cache.has(key)) {
    const all = Promise.all(
      Object.entries(packed).map(async ([name, text]) => [name, await unpackFloats(text)]),
    );
    cache.set(key, all.then(Object.fromEntries));
  }
  return cache.get(key);
}

export const fleetSeries = () => unpackAll('fleet', data.fleet);
export const shardSeries = (index) => unpackAll(`shard ${index}`, data.shards[index].series);

/** @param {'moves' | 'actions'} name @returns {Promise<any>} columns, with absolute times */
export function events(name) {
  if (!cache.has(name)) cache.set(name, unpackEvents(data[name]));
  return cache.get(name);
}

async function unpackEvents(table) {
  const at = Float64Array.from(await unpackInts(table.at));
  for (let i = 0, last = data.start; i < at.length; i++) last = at[i] += last;
  const dictionaries = await unpackJson(table.dictionaries);
  const words = {};
  for (const [i, [name, text]] of Object.entries(table.words).entries()) {
    words[name] = { index: await unpackInts(text), dictionary: dictionaries[i] };
  }
  const numbers = await unpackAll(table, table.numbers);
  return { at, into: await unpackInts(table.into), outOf: await unpackInts(table.outOf), words, numbers };
}

/** Canvas and uPlot know gaps as null; series without any stay as they are. */
export function withGaps(values) {
  return values.some(Number.isNaN) ? Array.from(values, (v) => (Number.isNaN(v) ? null : v)) : values;
}

/** First index whose value is at or above `wanted`, in an ascending list. */
export function lowerBound(list, wanted, of = (v) => v) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (of(list[mid]) < wanted) low = mid + 1;
    else high = mid;
  }
  return low;
}
