// @ts-check
import { evaluateRule, jobFacts } from './alert-facts.js';
import { element, setText } from './dom.js';
import { Abandoned, askJson, now_s } from './server.js';
import { formatClock, formatSeconds, formatValue } from './units.js';

/**
 * @typedef {import('./alert-facts.js').Firing} Firing
 * @typedef {import('./alert-facts.js').JobFacts} JobFacts
 *
 * @typedef {{ firing: readonly Firing[], facts: JobFacts | null }} AlertState
 */

/** Order of the cards: what wakes people first, what is not yet sure last. */
const RANK = /** @type {Record<string, number>} */ ({ page: 0, ticket: 1, none: 2 });

/**
 * The banner: evaluates the alert rules against the query door, whatever range the panels show.
 *
 * @param {HTMLElement} node
 * @param {HTMLElement} spoken a live region; told of alerts that are new, once
 * @param {(job: string) => string} linkTo the address of a job on this page
 * @returns {{ refresh(): Promise<AlertState> }}
 */
export function createAlerts(node, spoken, linkTo) {
  /** @type {readonly import('./alert-facts.js').Rule[] | null} */
  let rules = null;
  /** @type {number | null} */
  let evaluated_s = null;
  let known = '';
  return {
    async refresh() {
      const at_s = now_s();
      try {
        rules ??= /** @type {import('./alert-facts.js').Rule[]} */ (await askJson('alerts.json'));
        const [facts, ...results] = await Promise.all([
          jobFacts(at_s),
          ...rules.map((rule) => evaluateRule(rule, at_s)),
        ]);
        const firing = results.flat().sort((a, b) => rankOf(a) - rankOf(b));
        evaluated_s = at_s;
        const cards = [...grouped(firing)].map(([job, alerts]) => cardOf(job, alerts, facts, at_s, linkTo));
        node.replaceChildren(...cards);
        known = announce(spoken, firing, known);
        return { firing, facts };
      } catch (error) {
        if (error instanceof Abandoned) return { firing: [], facts: null };
        // Silence here would read as "all is well".
        const reason = error instanceof Error ? error.message : String(error);
        const since = evaluated_s === null ? '' : ` since ${formatClock(evaluated_s)}`;
        const line = element('p', { class: 'alert blind' }, `The alerts are not known${since}: ${reason}`);
        node.querySelector('.blind')?.remove();
        node.prepend(line);
        return { firing: [], facts: null };
      }
    },
  };
}

/** @param {Firing} firing */
function rankOf({ rule, pending }) {
  return (RANK[rule.severity] ?? 3) + (pending ? 10 : 0);
}

/**
 * @param {readonly Firing[]} firing in order
 * @returns {Map<string, Firing[]>}
 */
function grouped(firing) {
  /** @type {Map<string, Firing[]>} */
  const jobs = new Map();
  for (const one of firing) jobs.set(one.job, [...(jobs.get(one.job) ?? []), one]);
  return jobs;
}

/**
 * One card a job: its most urgent alert in full, the others in a line, as the pager would have inhibited them.
 *
 * @param {string} job
 * @param {readonly Firing[]} alerts
 * @param {JobFacts} facts
 * @param {number} at_s
 * @param {(job: string) => string} linkTo
 */
function cardOf(job, alerts, facts, at_s, linkTo) {
  const [first, ...others] = alerts;
  if (first === undefined) return element('article');
  const { rule, pending, cost } = first;
  const level = pending ? 'pending' : rule.severity;
  const devices = facts.devices.get(job);
  const held = devices === undefined ? null : `${formatValue(devices, 'none', 0)} devices held`;
  const costs = [cost, held].filter((part) => part !== null);
  const runbook = `${rule.runbook}?${new URLSearchParams({ job })}`;
  return element(
    'article',
    { class: `alert ${level}`, 'data-alert': rule.name },
    element(
      'header',
      {},
      element('strong', { class: 'level' }, level),
      element('h2', {}, element('a', { href: linkTo(job) }, job), ` ${rule.headline}`, measured(first)),
      element('span', { class: 'since' }, sinceText(first, facts, at_s)),
    ),
    pending
      ? null
      : element(
          'dl',
          {},
          ...row('Who', (facts.culprits.get(job) ?? ['cause not known yet']).join('; ')),
          ...row('Cost', costs.length === 0 ? 'not known' : costs.join(', ')),
          ...row('Do', rule.action, ' ', element('a', { href: runbook }, 'Runbook')),
          ...(others.length === 0 ? [] : row('Also', others.map(alsoText).join('; '))),
        ),
  );
}

/** @param {Firing} firing */
function measured({ rule: { unit }, value }) {
  return unit === 's' ? '' : `: ${formatValue(value, unit)}`;
}

/**
 * @param {Firing} firing
 * @param {JobFacts} facts
 * @param {number} at_s
 */
function sinceText({ since_s, rule, job, pending }, facts, at_s) {
  const state = facts.states.get(job);
  const since =
    since_s === null
      ? 'for more than 2 h'
      : `since ${formatClock(since_s)} (${formatSeconds(Math.max(0, Math.round(at_s - since_s)))})`;
  const wait = pending ? `, counts after ${formatSeconds(rule.for_s)}` : '';
  return `${since}${state === undefined ? '' : `, ${state}`}${wait}`;
}

/**
 * @param {string} name
 * @param {...import('./dom.js').Child} content
 */
function row(name, ...content) {
  return [element('dt', {}, name), element('dd', {}, ...content)];
}

/** @param {Firing} firing */
function alsoText(firing) {
  return `${firing.rule.headline}${measured(firing)}${firing.pending ? ' (pending)' : ''}`;
}

/**
 * @param {HTMLElement} spoken
 * @param {readonly Firing[]} firing
 * @param {string} known what was said before
 */
function announce(spoken, firing, known) {
  const said = firing
    .filter(({ pending }) => !pending)
    .map(({ rule, job }) => `${rule.severity}: ${job} ${rule.headline}`)
    .join('. ');
  if (said !== known) setText(spoken, said === '' ? 'No alert is firing any more.' : said);
  return said;
}
