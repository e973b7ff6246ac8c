// @ts-check
import { instantQuery } from './prometheus.js';
import { askJson, now_s } from './server.js';

/** @typedef {Map<string, import('./time-range.js').JobSpan>} JobSpans by job */

/** Pages of the list that are read; beyond them a job is found by its name only. */
const PAGES_MAX = 50;

/** A job heard within this time is open whatever its series say: they follow its events by a moment. */
const FRESH_S = 60;

/**
 * When each job lived, and whether it still does.
 *
 * @returns {Promise<JobSpans>}
 */
export async function readJobSpans() {
  const [events, { series }] = await Promise.all([readEventTimes(), instantQuery(OPEN_STATES, now_s())]);
  const open = new Set(series.map(({ labels }) => labels['job']));
  const isOpen = (/** @type {string} */ job, /** @type {number} */ newest_s) => {
    return now_s() - newest_s < FRESH_S || open.has(job);
  };
  return new Map([...events].map(([job, times]) => [job, { ...times, open: isOpen(job, times.newest_s) }]));
}

/** The state of a job that nobody ended is written until it has said nothing for so long that it is given up. */
const OPEN_STATES = 'headway_job_state{state!="ended"}';

/** @returns {Promise<Map<string, { first_s: number, newest_s: number }>>} */
async function readEventTimes() {
  /** @type {Map<string, { first_s: number, newest_s: number }>} */
  const spans = new Map();
  /** @type {string | null} */
  let cursor = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const query = new URLSearchParams(cursor === null ? {} : { cursor });
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
