// @ts-check
import { element } from './dom.js';
import { now_s, rememberToken } from './server.js';
import { formatMoment } from './units.js';

/**
 * What to send, for somebody whose Headway is still empty.
 *
 * @returns {HTMLElement}
 */
export function emptyNotice() {
  const url = new URL('.', location.href).href.replace(/\/$/, '');
  const curl = `curl -sS ${url}/v1/events --data-binary @- <<'EOF'\n${exampleEvents().join('\n')}\nEOF`;
  return element(
    'div',
    { class: 'notice empty', id: 'empty' },
    element('h2', {}, 'Nothing has arrived yet'),
    element('p', {}, 'This page fills by itself as soon as a job reports. Any one of these is enough:'),
    command('A training log', `npx headway import train.log --job my-job --url ${url}`),
    command('Events of a training loop', curl),
    command('A simulated cluster with one failure', 'npm run demo'),
    element(
      'p',
      {},
      'Device telemetry: name your dcgm-exporters (host:9400) under collector.scrape in the configuration.',
    ),
  );
}

/** Seconds of a step in the example, and its steps: 0.4 of the peak of eight H100. */
const EXAMPLE_STEP_S = 2.4;
const EXAMPLE_STEPS = 4;

/** @returns {string[]} events of a run that began a moment ago, ready to be sent */
function exampleEvents() {
  const begin_us = Math.round((now_s() - (EXAMPLE_STEPS + 1) * EXAMPLE_STEP_S) * 1e6);
  const spec = { model: 'llama3-8b', hardware: 'h100-sxm5-80gb', device_count: 8, dtype: 'bf16' };
  const steps = Array.from({ length: EXAMPLE_STEPS }, (_, index) => ({
    type: 'step',
    job: 'my-job',
    attempt: 0,
    step: index + 1,
    start_us: begin_us + index * EXAMPLE_STEP_S * 1e6,
    end_us: begin_us + (index + 1) * EXAMPLE_STEP_S * 1e6,
  }));
  return [
    { type: 'job', job: 'my-job', ...spec, sequence_length: 8192, tokens_per_step: 131_072 },
    { type: 'attempt_start', job: 'my-job', attempt: 0, time_us: begin_us, device_count: 8 },
    ...steps,
  ].map((event) => JSON.stringify(event));
}

/**
 * @param {string} title
 * @param {string} text
 */
function command(title, text) {
  const copy = element('button', { type: 'button', 'aria-label': `Copy: ${title}` }, 'Copy');
  copy.addEventListener(
    'click',
    () => void navigator.clipboard.writeText(text).then(() => (copy.textContent = 'Copied')),
  );
  return element(
    'div',
    { class: 'command' },
    element('h3', {}, title),
    element('pre', {}, element('code', {}, text)),
    copy,
  );
}

/**
 * Why a range was chosen that nobody asked for.
 *
 * @param {string} job
 * @param {import('./time-range.js').JobSpan} span
 */
export function pastJobNotice(job, { newest_s }) {
  return element(
    'p',
    { class: 'notice' },
    `${job} was last heard on ${formatMoment(newest_s)}. Its whole run is shown.`,
  );
}

/** @param {() => void} done */
export function tokenNotice(done) {
  const field = element('input', { type: 'password', autocomplete: 'off' });
  const use = element('button', { type: 'button' }, 'Use');
  const submit = () => {
    rememberToken(field.value);
    done();
  };
  use.addEventListener('click', submit);
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') submit();
  });
  return element(
    'p',
    { class: 'notice', id: 'token' },
    element('label', {}, 'This Headway asks for a read token: ', field),
    ' ',
    use,
    ' It is kept until this tab is closed.',
  );
}

/** @param {string} reason */
export function failureNotice(reason) {
  return element('p', { class: 'notice failure' }, reason);
}
