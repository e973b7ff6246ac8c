// @ts-check

/** Every question to the server goes through here: time limit, token, clock difference, one error type. */

/** A question that takes longer is given up, and its panel says so. */
const TIMEOUT_MS = 15_000;
const TOKEN_KEY = 'headway-read-token';

/** The server could not be asked, or refused. The message is for the person in front of the page. */
export class QuestionFailed extends Error {
  /**
   * @param {string} message
   * @param {number} status HTTP status; 0 when no answer came
   */
  constructor(message, status) {
    super(message);
    this.name = 'QuestionFailed';
    this.status = status;
  }
}

/** Nobody wants the answer any more: another view was chosen. Not a failure, and nothing to be shown. */
export class Abandoned extends Error {}

let wanted = new AbortController();

/** Gives up every question under way, so that the server works for the view that is asked for now. */
export function abandonQuestions() {
  wanted.abort();
  wanted = new AbortController();
}

/** How far the server's clock is ahead of the browser's. Samples are stamped by the server's world. */
let clockAhead_ms = 0;

/** @returns {number} Unix seconds, by the server's clock */
export function now_s() {
  return (Date.now() + clockAhead_ms) / 1000;
}

/** @param {string} token */
export function rememberToken(token) {
  sessionStorage.setItem(TOKEN_KEY, token);
}

/**
 * @param {string} path relative to the page
 * @param {URLSearchParams} [form] sent as a POST form; without it a GET
 * @returns {Promise<unknown>}
 */
export async function askJson(path, form) {
  const { signal: unwanted } = wanted;
  const response = await ask(path, form);
  noteClock(response);
  const text = await response.text().catch(() => '');
  if (unwanted.aborted) throw new Abandoned();
  if (response.ok) {
    try {
      return JSON.parse(text);
    } catch {
      throw new QuestionFailed(`${path} did not answer with JSON.`, response.status);
    }
  }
  throw new QuestionFailed(reasonOf(text) ?? `${path} answered ${response.status}.`, response.status);
}

/**
 * @param {string} path
 * @param {URLSearchParams} [form]
 * @returns {Promise<Response>}
 */
async function ask(path, form) {
  const token = sessionStorage.getItem(TOKEN_KEY);
  /** @type {Record<string, string>} */
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const { signal: unwanted } = wanted;
  const signal = AbortSignal.any([unwanted, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    return await (form === undefined
      ? fetch(path, { headers, signal })
      : fetch(path, { method: 'POST', body: form, headers, signal }));
  } catch (error) {
    if (unwanted.aborted) throw new Abandoned();
    const late = error instanceof DOMException && error.name === 'TimeoutError';
    throw new QuestionFailed(
      late ? `no answer within ${TIMEOUT_MS / 1000} s` : 'Headway cannot be reached',
      0,
    );
  }
}

/** @param {Response} response */
function noteClock(response) {
  const stamped = Date.parse(response.headers.get('date') ?? '');
  if (Number.isNaN(stamped)) return;
  const ahead_ms = stamped - Date.now();
  // The header has whole seconds: less than two of them is no difference.
  clockAhead_ms = Math.abs(ahead_ms) < 2000 ? 0 : ahead_ms;
}

/**
 * The sentence in a Prometheus error or a problem document.
 *
 * @param {string} text
 * @returns {string | null}
 */
function reasonOf(text) {
  try {
    const body = JSON.parse(text);
    const reason = body.error ?? body.detail ?? body.title;
    return typeof reason === 'string' ? reason : null;
  } catch {
    return null;
  }
}
