// @ts-check
import { askJson } from './server.js';

/** @typedef {Map<string, import('./time-range.js').JobSpan>} JobSpans by job */

/** Pages of the list that are read; beyond them a job is found by its name only. */
const PAGES_MAX = 20;

/**
 * First and newest event of every job.
 *
 * @returns {Promise<JobSpans>}
 */
export async function readJobSpans() {
  /** @type {JobSpans} */
  const spans = new Map();
  /** @type {string | null} */
  let cursor = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const query = new URLSearchParams({ limit: '1000', ...(cursor === null ? {} : { cursor }) });
    const { jobs, next } = /** @type {any} */ (await askJson(`v1/jobs?${query}`));
    for (const { job, first_event_at, newest_event_at } of jobs) {
      spans.set(job, {
        first_s: Date.parse(first_event_at) / 1000,
        newest_s: Date.parse(newest_event_at) / 1000,
      });
    }
    if (typeof next !== 'string') break;
    cursor = next;
  }
  return spans;
}

/**
 * The job heard last: the one that somebody who opens the page most likely means.
 *
 * @param {readonly string[]} names
 * @param {JobSpans} spans
 * @returns {string | undefined}
 */
export function newestJob(names, spans) {
  const heard = (/** @type {string} */ name) => spans.get(name)?.newest_s ?? 0;
  return names.toSorted((a, b) => heard(b) - heard(a))[0];
}
