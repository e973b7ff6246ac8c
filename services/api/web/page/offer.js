// @ts-check
import { newestJob, readJobSpans } from './jobs.js';
import { labelValues } from './prometheus.js';

/**
 * @typedef {import('./variables.js').LabelVariable} LabelVariable
 *
 * What there is to choose from: the values of each variable, and when each job lived.
 * @typedef {{ lists: Map<string, string[]>, spans: import('./jobs.js').JobSpans }} Offer
 */

/**
 * @param {readonly LabelVariable[]} variables
 * @returns {Promise<Offer>}
 */
export async function readOffer(variables) {
  const [spans, ...values] = await Promise.all([
    readJobSpans(),
    ...variables.map(({ metric, ofLabel }) => labelValues(ofLabel, metric)),
  ]);
  const lists = new Map(variables.map(({ name }, index) => [name, values[index] ?? []]));
  // A job is known from its first event; its metrics follow a moment later.
  const jobs = lists.get('job');
  if (jobs !== undefined) lists.set('job', [...new Set([...jobs, ...spans.keys()])].sort());
  return { lists, spans };
}

/**
 * The values of all variables: those asked for, else the job heard last, else the first there is. A variable without
 * any is left out.
 *
 * @param {readonly LabelVariable[]} variables
 * @param {Offer} offer
 * @param {Record<string, string>} asked
 * @returns {Record<string, string>}
 */
export function chosenValues(variables, { lists, spans }, asked) {
  /** @type {Record<string, string>} */
  const chosen = {};
  for (const { name } of variables) {
    const values = lists.get(name) ?? [];
    const value = asked[name] ?? (name === 'job' ? newestJob(values, spans) : values[0]);
    if (value !== undefined) chosen[name] = value;
  }
  return chosen;
}
