import { DAY, type Seconds } from '../../time.ts';

/** Seconds that local time is ahead of UTC at a time. */
export type Offset = (time: Seconds) => Seconds;

/** An offset, and from when until when it holds. */
interface Span {
  readonly from: Seconds;
  readonly to: Seconds;
  readonly offset: Seconds;
}

/** No zone changes its offset twice within so long (Morocco's Ramadan, the shortest, is a month). */
const BLOCK: Seconds = 7 * DAY;

const offsets = new Map<string, Offset>();

/**
 * Local time of an IANA zone, such as `Europe/Berlin`, as the runtime's own table of zones has it. Each week that is
 * asked for is looked up once; after that a call costs nanoseconds.
 * @throws {RangeError} for a zone that there is not
 */
export function offsetOf(zone: string): Offset {
  const known = offsets.get(zone);
  if (known !== undefined) return known;
  const made = zoneOffset(zone);
  offsets.set(zone, made);
  return made;
}

/** Whether the runtime knows this zone. */
export function isTimeZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The time at which clocks show `local` (epoch seconds as if they were UTC). One that is skipped is the one after it. */
export function fromLocal(local: Seconds, offset: Offset): Seconds {
  const near = local - offset(local);
  return local - offset(near);
}

function formatOf(zone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
}

function zoneOffset(zone: string): Offset {
  if (!isTimeZone(zone))
    throw new RangeError(`timeZone: expected an IANA time zone such as Europe/Berlin, got "${zone}"`);
  const format = formatOf(zone);
  const blocks = new Map<number, readonly Span[]>();
  let last: Span = { from: 0, to: 0, offset: 0 };
  return (time) => {
    if (time >= last.from && time < last.to) return last.offset;
    const index = Math.floor(time / BLOCK);
    let spans = blocks.get(index);
    if (spans === undefined) {
      spans = spansOf(format, index * BLOCK);
      blocks.set(index, spans);
    }
    last = spans.find(({ to }) => time < to) ?? spans.at(-1)!;
    return last.offset;
  };
}

/** One week: one span or, where clocks change, two. */
function spansOf(format: Intl.DateTimeFormat, from: Seconds): Span[] {
  const to = from + BLOCK;
  const [first, after] = [offsetAt(format, from), offsetAt(format, to)];
  if (first === after) return [{ from, to, offset: first }];
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(format, middle) === first) low = middle;
    else high = middle;
  }
  return [
    { from, to: high, offset: first },
    { from: high, to, offset: after },
  ];
}

/** From text such as `1/5/2026, GMT+05:30`; `GMT` alone is none. */
function offsetAt(format: Intl.DateTimeFormat, time: Seconds): Seconds {
  const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?/.exec(format.format(time * 1000));
  const [, sign, hours = 0, minutes = 0, seconds = 0] = match ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
}
