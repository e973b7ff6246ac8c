// @ts-check

/** Text of a number in a Grafana unit. The same figures as Grafana's, within rounding of the last digit. */

const MINUS = '\u2212';
const THIN = '\u202f';

/**
 * @param {number} value
 * @param {string} unit a Grafana unit id, or `suffix: words`
 * @param {number} [decimals] digits after the point; otherwise as many as three significant ones need
 * @returns {string}
 */
export function formatValue(value, unit, decimals) {
  if (Number.isNaN(value)) return 'not a number';
  if (!Number.isFinite(value)) return value > 0 ? '\u221e' : `${MINUS}\u221e`;
  if (value < 0) return `${MINUS}${formatValue(-value, unit, decimals)}`;
  if (unit === 's') return formatSeconds(value, decimals);
  if (unit === 'percentunit') return `${grouped(value * 100, decimals ?? 1)}${THIN}%`;
  if (unit === 'percent') return `${grouped(value, decimals ?? digitsFor(value))}${THIN}%`;
  if (unit === 'watt') return scaled(value, 'W', decimals);
  if (unit === 'short') return scaled(value, '', decimals);
  if (unit === 'dateTimeAsIso') return formatClock(value / 1000);
  if (unit.startsWith('suffix:')) {
    return `${grouped(value, decimals ?? digitsFor(value))} ${unit.slice('suffix:'.length).trim()}`;
  }
  return grouped(value, decimals ?? digitsFor(value));
}

/**
 * @param {number} value
 * @returns {number} digits after the point that leave three significant ones
 */
function digitsFor(value) {
  if (Number.isInteger(value) || value >= 100) return 0;
  return value >= 10 ? 1 : value >= 0.1 ? 2 : 4;
}

/**
 * @param {number} value
 * @param {number} decimals
 */
function grouped(value, decimals) {
  const least = 10 ** -decimals;
  // What is there must not read as nothing.
  if (value > 0 && value < least / 2) return `<${THIN}${least.toFixed(decimals)}`;
  const [whole = '', rest] = value.toFixed(decimals).split('.');
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, THIN);
  return rest === undefined ? spaced : `${spaced}.${rest}`;
}

const SCALES = /** @type {const} */ ([
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
]);

/**
 * @param {number} value
 * @param {string} unit
 * @param {number} [decimals]
 */
function scaled(value, unit, decimals) {
  const [factor, prefix] = SCALES.find(([least]) => value >= least) ?? [1, ''];
  const shown = value / factor;
  const symbol = `${prefix}${unit}`;
  return `${grouped(shown, decimals ?? digitsFor(shown))}${symbol === '' ? '' : `${THIN}${symbol}`}`;
}

/**
 * Two units at most, as people say durations: `4 min 12 s`.
 *
 * @param {number} seconds at least 0
 * @param {number} [decimals]
 * @returns {string}
 */
export function formatSeconds(seconds, decimals) {
  if (seconds === 0) return '0 s';
  if (seconds < 0.001) return `${grouped(seconds * 1e6, decimals ?? digitsFor(seconds * 1e6))} \u00b5s`;
  if (seconds < 1) return `${grouped(seconds * 1000, decimals ?? digitsFor(seconds * 1000))} ms`;
  if (seconds < 60) return `${grouped(seconds, decimals ?? digitsFor(seconds))} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return pair(whole, 60, 'min', 1, 's');
  if (whole < 86_400) return pair(whole, 3600, 'h', 60, 'min');
  return pair(whole, 86_400, 'd', 3600, 'h');
}

/**
 * @param {number} seconds
 * @param {number} large
 * @param {string} largeName
 * @param {number} small
 * @param {string} smallName
 */
function pair(seconds, large, largeName, small, smallName) {
  const rounded = Math.round(seconds / small) * small;
  const rest = Math.round((rounded % large) / small);
  const head = `${grouped(Math.floor(rounded / large), 0)} ${largeName}`;
  return rest === 0 ? head : `${head} ${rest} ${smallName}`;
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const MOMENT = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

const DATE = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/**
 * Time of day, with the date when it is not today, and the year when it is not this one.
 *
 * @param {number} at_s Unix seconds
 * @param {number} [now_s]
 */
export function formatClock(at_s, now_s = Date.now() / 1000) {
  const [at, now] = [new Date(at_s * 1000), new Date(now_s * 1000)];
  const time = CLOCK.format(at);
  if (DAY.format(at) === DAY.format(now) && Math.abs(now_s - at_s) < 86_400) return time;
  return `${(at.getFullYear() === now.getFullYear() ? DAY : DATE).format(at)} ${time}`;
}

/** @param {number} at_s Unix seconds */
export function formatMoment(at_s) {
  return MOMENT.format(new Date(at_s * 1000));
}
