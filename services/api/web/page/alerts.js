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
 * @returns {{ refresh(shown: string | undefined): Promise<AlertState> }} `shown` is the job on the screen
 */
export function createAlerts(node, spoken, linkTo) {
  /** @type {readonly import('./alert-facts.js').Rule[] | null} */
  let rules = null;
  /** @type {number | null} */
  let evaluated_s = null;
  let known = '';
  return {
    async refresh(shown) {
      const at_s = now_s();
      try {
        rules ??= /** @type {import('./alert-facts.js').Rule[]} */ (await askJson('alerts.json'));
        const [facts, ...results] = await Promise.all([
          jobFacts(at_s),
          ...rules.map((rule) => evaluateRule(rule, at_s)),
        ]);
        const firing = results.flat().sort((a, b) => rankOf(a) - rankOf(b));
        evaluated_s = at_s;
        node.replaceChildren(...bannerOf(arranged(firing, shown), { facts, at_s, linkTo }));
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
 * What is shown in full and what in a line: the job on the screen first; while nothing of it is firing, the most
 * urgent of the others in full as well.
 *
 * @param {readonly Firing[]} firing in order of urgency
 * @param {string | undefined} shown
 * @returns {{ full: Firing[][], brief: Firing[][] }} the alerts of one job each
 */
export function arranged(firing, shown) {
  /** @type {Map<string, Firing[]>} */
  const jobs = new Map();
  for (const one of firing) jobs.set(one.job, [...(jobs.get(one.job) ?? []), one]);
  const own = jobs.get(shown ?? '');
  const others = [...jobs].flatMap(([job, alerts]) => (job === shown ? [] : [alerts]));
  const isQuiet = own === undefined || own[0]?.pending !== false;
  const inFull = isQuiet && others[0]?.[0]?.pending === false ? 1 : 0;
  return {
    full: [...(own === undefined ? [] : [own]), ...others.slice(0, inFull)],
    brief: others.slice(inFull),
  };
}

/**
 * @typedef {{ facts: JobFacts, at_s: number, linkTo(job: string): string }} BannerContext
 *
 * @param {{ full: Firing[][], brief: Firing[][] }} alerts
 * @param {BannerContext} context
 */
function bannerOf({ full, brief }, context) {
  const cards = full.map((alerts) => cardOf(alerts, context));
  return brief.length === 0 ? cards : [...cards, othersNode(brief, context)];
}

/**
 * The other jobs, a line each.
 *
 * @param {Firing[][]} jobs
 * @param {BannerContext} context
 */
function othersNode(jobs, context) {
  const lines = jobs.flatMap(([first]) => {
    if (first === undefined) return [];
    const who = first.pending ? '' : ` \u00b7 ${whoText(first, context.facts)}`;
    return [
      element(
        'li',
        { class: levelOf(first) },
        element('strong', { class: 'level' }, levelOf(first)),
        element(
          'span',
          {},
          jobLink(first.job, context),
          ` ${first.rule.headline}${measured(first)}`,
          element('span', { class: 'since' }, ` ${sinceText(first, context)}${who}`),
        ),
      ),
    ];
  });
  const title = `${lines.length} other ${lines.length === 1 ? 'job' : 'jobs'} in trouble`;
  return element('article', { class: 'alert others' }, element('h2', {}, title), element('ul', {}, ...lines));
}

/** @param {Firing} firing */
function levelOf({ rule, pending }) {
  return pending ? 'pending' : rule.severity;
}

/**
 * @param {string} job
 * @param {BannerContext} context
 */
function jobLink(job, { linkTo }) {
  return element('a', { href: linkTo(job), class: 'job', title: job }, job);
}

/**
 * @param {Firing} firing
 * @param {JobFacts} facts
 */
function whoText({ job, blame }, { culprits }) {
  return (culprits.get(job) ?? [blame ?? 'cause not known yet']).join('; ');
}

/**
 * @param {Firing} firing
 * @param {JobFacts} facts
 */
function costText({ job, cost }, { devices }) {
  const held = devices.get(job);
  if (held === undefined) return cost ?? 'not known: nobody said how many devices the job holds';
  return `${cost ?? 'not known'}, ${formatValue(held, 'none', 0)} devices held`;
}

/**
 * @param {Firing} firing
 * @param {JobFacts} facts
 */
function actionOf({ job, rule }, { states }) {
  return rule.action_by_state[states.get(job) ?? ''] ?? rule.action;
}

/**
 * One card a job: its most urgent alert in full, the others in a line, as the pager would have inhibited them.
 *
 * @param {readonly Firing[]} alerts of one job
 * @param {BannerContext} context
 */
function cardOf([first, ...others], context) {
  if (first === undefined) return element('article');
  const { facts } = context;
  const { rule, job, pending } = first;
  const level = levelOf(first);
  const runbook = `${rule.runbook}?${new URLSearchParams({ job })}`;
  return element(
    'article',
    { class: `alert ${level}`, 'data-alert': rule.name },
    element(
      'header',
      {},
      element('strong', { class: 'level' }, level),
      element('h2', {}, jobLink(job, context), ` ${rule.headline}`, measured(first)),
      element('span', { class: 'since' }, sinceText(first, context)),
    ),
    pending
      ? null
      : element(
          'dl',
          {},
          ...row('Who', whoText(first, facts)),
          ...row('Cost', costText(first, facts)),
          ...row('Do', actionOf(first, facts), ' ', element('a', { href: runbook }, 'Runbook')),
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
 * @param {BannerContext} context
 */
function sinceText({ since_s, rule, job, pending }, { facts, at_s }) {
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
