// @ts-check
import { askJson, QuestionFailed } from './server.js';

/**
 * A value is null where the sample is not a finite number.
 * @typedef {{ labels: Record<string, string>, points: readonly (readonly [number, number | null])[] }} Series
 * @typedef {{ series: Series[], warnings: string[] }} Answer
 */

/**
 * @param {string} expr
 * @param {number} at_s
 * @returns {Promise<Answer>} one point a series
 */
export async function instantQuery(expr, at_s) {
  return answerOf(
    await askJson('prom/api/v1/query', new URLSearchParams({ query: expr, time: at_s.toFixed(3) })),
  );
}

/**
 * @param {string} expr
 * @param {import('./time-range.js').View} view
 * @returns {Promise<Answer>}
 */
export async function rangeQuery(expr, { start_s, end_s, step_s }) {
  const form = new URLSearchParams({
    query: expr,
    start: start_s.toFixed(3),
    end: end_s.toFixed(3),
    step: String(step_s),
  });
  return answerOf(await askJson('prom/api/v1/query_range', form));
}

/**
 * @param {string} label
 * @param {string} match a selector, such as a metric's name
 * @returns {Promise<string[]>} every value there ever was
 */
export async function labelValues(label, match) {
  const query = new URLSearchParams({ 'match[]': match });
  const body = /** @type {any} */ (
    await askJson(`prom/api/v1/label/${encodeURIComponent(label)}/values?${query}`)
  );
  return Array.isArray(body.data) ? body.data.map(String) : [];
}

/**
 * @param {unknown} body
 * @returns {Answer}
 */
function answerOf(body) {
  const { status, error, data, warnings } = /** @type {any} */ (body ?? {});
  if (status !== 'success') throw new QuestionFailed(String(error ?? 'the query failed'), 200);
  return { series: seriesOf(data), warnings: Array.isArray(warnings) ? warnings.map(String) : [] };
}

/**
 * @param {any} data
 * @returns {Series[]}
 */
function seriesOf({ resultType, result }) {
  if (resultType === 'scalar' || resultType === 'string') return [{ labels: {}, points: [pointOf(result)] }];
  return result.map((/** @type {any} */ one) => ({
    labels: one.metric ?? {},
    points: one.values === undefined ? [pointOf(one.value)] : one.values.map(pointOf),
  }));
}

/**
 * @param {[number, string]} pair
 * @returns {readonly [number, number | null]}
 */
function pointOf([at_s, text]) {
  const value = Number(text);
  return [at_s, Number.isFinite(value) ? value : null];
}
