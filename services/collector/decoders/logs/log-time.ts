import type { ToUtc } from './log-format.ts';

const WALL_CLOCK = /(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d(?!\d))?/;

export const TIMES_AS_UTC = 'the log names no time zone: its times are read as UTC (--timezone)';

/** First date and time of a text, microseconds since the epoch; a zone in the text wins over `toUtc`. */
export function timeIn(text: string, toUtc: ToUtc): number | undefined {
  const match = WALL_CLOCK.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const whole_ms = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  if (!isCalendarTime(whole_ms, match)) return undefined;
  const wall_us = whole_ms * 1000 + Number((fraction ?? '').slice(0, 6).padEnd(6, '0'));
  return zone === undefined ? toUtc(wall_us) : wall_us - offsetOf(zone);
}

/** `Date.UTC` carries a 31st of June over into July; such a text is no date. */
function isCalendarTime(ms: number, [, , month, day, hour, minute]: RegExpExecArray): boolean {
  const date = new Date(ms);
  return (
    date.getUTCMonth() + 1 === Number(month) &&
    date.getUTCDate() === Number(day) &&
    date.getUTCHours() === Number(hour) &&
    date.getUTCMinutes() === Number(minute)
  );
}

function offsetOf(zone: string): number {
  if (zone === 'Z') return 0;
  const sign = zone.startsWith('-') ? -1 : 1;
  return sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))) * 60e6;
}

/**
 * Reader of wall clocks in one zone. `zone` is `UTC`, an offset (`+08:00`) or an IANA name; RangeError otherwise. In the
 * hour that daylight saving repeats, the earlier reading is taken.
 */
export function createZone(zone = 'UTC'): ToUtc {
  if (zone === 'UTC' || zone === 'Z') return (wall_us) => wall_us;
  if (/^[+-]\d\d:?\d\d$/.test(zone)) return (wall_us) => wall_us - offsetOf(zone);
  const format = new Intl.DateTimeFormat('en-US-u-hc-h23', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  const offsets = new Map<number, number>();
  return (wall_us) => {
    const hour = Math.floor(wall_us / 3600e6);
    const known = offsets.get(hour);
    if (known !== undefined) return wall_us - known;
    const guess = offsetAt(format, wall_us);
    const offset = offsetAt(format, wall_us - guess);
    offsets.set(hour, offset);
    return wall_us - offset;
  };
}

/** How far the zone's clock is ahead of UTC at an instant, microseconds. */
function offsetAt(format: Intl.DateTimeFormat, instant_us: number): number {
  const instant_ms = Math.floor(instant_us / 1000);
  const parts = Object.fromEntries(
    format.formatToParts(instant_ms).map(({ type, value }) => [type, Number(value)]),
  );
  const year = parts['year'] ?? 0;
  const wall_ms = Date.UTC(
    year < 100 ? 2000 + year : year,
    (parts['month'] ?? 1) - 1,
    parts['day'],
    parts['hour'],
    parts['minute'],
    parts['second'],
  );
  return (wall_ms - Math.floor(instant_ms / 1000) * 1000) * 1000;
}
