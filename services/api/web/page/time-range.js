// @ts-check

/**
 * A choice of time as the address holds it. `from`/`to` are `now-15m`, Unix milliseconds or ISO 8601; `run` is the
 * whole life of the chosen job.
 *
 * @typedef {{ from: string, to: string }} RangeChoice
 *
 * Seconds since the epoch, `step_s` apart.
 * @typedef {{ start_s: number, end_s: number, step_s: number, live: boolean }} View
 *
 * First and newest event of a job, Unix seconds. An open job may be silent for long and is still of now: it hangs.
 * @typedef {{ first_s: number, newest_s: number, open: boolean }} JobSpan
 */

export const PRESETS = /** @type {const} */ ([
  ['now-5m', '5 min'],
  ['now-15m', '15 min'],
  ['now-1h', '1 h'],
  ['now-6h', '6 h'],
  ['now-24h', '24 h'],
  ['now-7d', '7 d'],
]);

/** The analyzer's points lie on multiples of its interval; the last one of a run is at or after its last event. */
const RUN_ROUND_S = 15;

const UNIT_S = /** @type {Record<string, number>} */ ({ s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 });

/**
 * @param {string} text
 * @param {number} now_s
 * @returns {number | null} Unix seconds; null when it is no time
 */
export function timeOf(text, now_s) {
  const relative = /^now(?:-(\d+)([smhdw]))?$/.exec(text);
  if (relative !== null) return now_s - Number(relative[1] ?? 0) * (UNIT_S[relative[2] ?? 's'] ?? 1);
  if (/^\d{12,14}$/.test(text)) return Number(text) / 1000;
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? null : parsed / 1000;
}

/**
 * What to draw for a choice. Ends on a multiple of the step, so that a refresh adds points at the right and does not
 * shift all others.
 *
 * @param {RangeChoice} choice
 * @param {number} now_s
 * @param {JobSpan | null} span for `run`; null while it is not known
 * @returns {View}
 */
export function viewOf(choice, now_s, span) {
  const { from_s, to_s, live } = boundsOf(choice, now_s, span);
  const step_s = stepFor(to_s - from_s);
  const end_s = Math.ceil(to_s / step_s) * step_s;
  return { start_s: Math.floor(from_s / step_s) * step_s, end_s: live ? to_s : end_s, step_s, live };
}

/**
 * @param {RangeChoice} choice
 * @param {number} now_s
 * @param {JobSpan | null} span
 */
function boundsOf(choice, now_s, span) {
  if (choice.from === 'run' && span !== null) {
    const live = span.open;
    const to_s = live ? now_s : Math.ceil(span.newest_s / RUN_ROUND_S) * RUN_ROUND_S;
    return { from_s: Math.min(span.first_s, to_s - 10), to_s, live };
  }
  const to_s = timeOf(choice.to, now_s) ?? now_s;
  const from_s = timeOf(choice.from, now_s) ?? to_s - 900;
  return { from_s: Math.min(from_s, to_s - 1), to_s, live: choice.to.startsWith('now') };
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];

/** Points a line is drawn with: about one for two pixels of a panel. */
const POINTS = 240;

/**
 * @param {number} length_s
 * @returns {number} a step that people can read, no more than `POINTS` of it in the range
 */
export function stepFor(length_s) {
  const exact = length_s / POINTS;
  return STEPS_S.find((step) => step >= exact) ?? Math.ceil(exact / 86_400) * 86_400;
}
