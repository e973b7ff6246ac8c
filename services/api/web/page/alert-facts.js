// @ts-check
import { instantQuery, rangeQuery } from './prometheus.js';
import { formatValue } from './units.js';
import { substituted } from './variables.js';

/**
 * @typedef {import('../../../../dashboards/src/alerts/page-alerts.ts').PageAlert} Rule
 * @typedef {import('./prometheus.js').Series} Series
 *
 * `since_s` is when the condition began; null when it held longer than was looked back.
 * @typedef {{
 *   rule: Rule,
 *   job: string,
 *   value: number,
 *   since_s: number | null,
 *   pending: boolean,
 *   cost: string | null,
 *   blame: string | null,
 * }} Firing
 *
 * What is known of every job now, by name.
 * @typedef {{ states: Map<string, string>, devices: Map<string, number>, culprits: Map<string, string[]> }} JobFacts
 */

/** How far the begin of a condition is looked for, and how finely. */
const LOOK_BACK_S = 7200;
const LOOK_STEP_S = 30;

/**
 * Evaluates one rule for all jobs.
 *
 * @param {Rule} rule
 * @param {number} at_s
 * @returns {Promise<Firing[]>}
 */
export async function evaluateRule(rule, at_s) {
  const { series } = await instantQuery(rule.expr, at_s);
  if (series.length === 0) return [];
  const begins = rule.unit === 's' ? null : await beginsOf(rule, at_s);
  return Promise.all(
    series.map(async ({ labels, points }) => {
      const job = labels['job'] ?? '';
      const value = points[0]?.[1] ?? Number.NaN;
      const since_s = begins === null ? at_s - value : (begins.get(job) ?? null);
      const pending = since_s !== null && at_s - since_s < rule.for_s;
      const [cost, blame] = await Promise.all([costOf(rule, job, at_s), blameOf(rule, job, at_s)]);
      return { rule, job, value, since_s, pending, cost, blame };
    }),
  );
}

/**
 * @param {Rule} rule
 * @param {number} at_s
 * @returns {Promise<Map<string, number | null>>} by job, the begin of the unbroken time up to now
 */
async function beginsOf({ expr }, at_s) {
  const view = { start_s: at_s - LOOK_BACK_S, end_s: at_s, step_s: LOOK_STEP_S, live: true };
  const { series } = await rangeQuery(expr, view);
  return new Map(series.map(({ labels, points }) => [labels['job'] ?? '', beginOf(points, at_s)]));
}

/**
 * @param {Series['points']} points
 * @param {number} at_s
 */
function beginOf(points, at_s) {
  let begin_s = at_s;
  for (const [point_s] of points.toReversed()) {
    if (begin_s - point_s > LOOK_STEP_S * 1.5) return begin_s;
    begin_s = point_s;
  }
  return begin_s - LOOK_STEP_S < at_s - LOOK_BACK_S ? null : begin_s;
}

/**
 * @param {Rule} rule
 * @param {string} job
 * @param {number} at_s
 * @returns {Promise<string | null>} null when it is not known
 */
async function costOf({ cost }, job, at_s) {
  const value = (await firstSeries(cost.expr, job, at_s))?.points[0]?.[1] ?? null;
  return value === null ? null : cost.text.replace('{}', formatValue(value, 'none', 1));
}

/**
 * @param {Rule} rule
 * @param {string} job
 * @param {number} at_s
 * @returns {Promise<string | null>} null when the rule or the metrics name nothing
 */
async function blameOf({ blame }, job, at_s) {
  if (blame === null) return null;
  const { labels, points } = (await firstSeries(blame.expr, job, at_s)) ?? { labels: {}, points: [] };
  const value = points[0]?.[1] ?? null;
  if (value === null) return null;
  return blame.text.replace(/\{(\w*)\}/g, (_, label) =>
    label === '' ? formatValue(value, blame.unit) : (labels[label] ?? ''),
  );
}

/**
 * @param {string} expr
 * @param {string} job
 * @param {number} at_s
 * @returns {Promise<Series | undefined>}
 */
async function firstSeries(expr, job, at_s) {
  const view = { start_s: at_s, end_s: at_s, step_s: 1, live: true };
  const query = substituted(expr, { job }, view);
  const { series } = await instantQuery(query, at_s).catch(() => ({ series: [] }));
  return series[0];
}

/** Words for states, where the name of the state is not one. */
const STATE_WORDS = /** @type {Record<string, string>} */ ({ hang: 'hanging' });

/**
 * @param {number} at_s
 * @returns {Promise<JobFacts>}
 */
export async function jobFacts(at_s) {
  const [states, devices, incidents] = await Promise.all([
    instantQuery('headway_job_state', at_s),
    instantQuery('headway_job_devices', at_s),
    instantQuery('headway_incident_info{state="open"}', at_s),
  ]);
  /** @type {Map<string, string[]>} */
  const culprits = new Map();
  for (const { labels } of incidents.series) {
    const job = labels['job'] ?? '';
    culprits.set(job, [...(culprits.get(job) ?? []), culpritText(labels)]);
  }
  return {
    states: byJob(states.series, ({ labels: { state = '' } }) => STATE_WORDS[state] ?? state),
    devices: byJob(devices.series, ({ points }) => points[0]?.[1] ?? Number.NaN),
    culprits,
  };
}

/**
 * @template Value
 * @param {Series[]} series
 * @param {(one: Series) => Value} read
 * @returns {Map<string, Value>}
 */
function byJob(series, read) {
  return new Map(series.map((one) => [one.labels['job'] ?? '', read(one)]));
}

/** @param {Record<string, string>} labels */
function culpritText({ cause = '', node = '', device = '', kind = '' }) {
  const place = [node, device === '' ? '' : `device ${device}`].filter((part) => part !== '');
  const what = `${cause === '' ? 'cause not known yet' : cause}${kind === '' ? '' : ` (${kind})`}`;
  return place.length === 0 ? `no node is named; ${what}` : `${place.join(', ')}: ${what}`;
}
