// @ts-check
import { createBarGauge } from './bar-gauge.js';
import { element, setText } from './dom.js';
import { instantQuery, rangeQuery } from './prometheus.js';
import { Abandoned, now_s } from './server.js';
import { createStat } from './stat.js';
import { createStateTimeline } from './state-timeline.js';
import { createTable } from './table.js';
import { createText } from './text.js';
import { createTimeseries } from './timeseries.js';
import { formatClock, formatSeconds } from './units.js';
import { lacksVariable, substituted } from './variables.js';

/**
 * @typedef {import('../../../../dashboards/src/panel.ts').Panel} PanelJson
 * @typedef {import('../../../../dashboards/src/panel.ts').QueryPanel} QueryPanelJson
 * @typedef {import('./prometheus.js').Answer} Answer
 * @typedef {import('./time-range.js').View} View
 *
 * Chosen values by name; null while the server has not said what there is to choose from.
 * @typedef {Record<string, string> | null} Variables
 *
 * What panels share. `zoom` takes a stretch that was drawn with the mouse.
 * @typedef {{ cursor: import('./cursor.js').SharedCursor, zoom(from_s: number, to_s: number): void }} PanelContext
 *
 * Draws the answers to the panel's queries, in their order, over what was there.
 * @typedef {{ draw(answers: readonly Answer[], view: View): void }} Drawer
 * @typedef {{ node: HTMLElement, refresh(view: View, variables: Variables): Promise<boolean> }} Panel
 */

/** @type {Record<string, (panel: QueryPanelJson, body: HTMLElement, context: PanelContext) => Drawer>} */
const DRAWERS = {
  stat: createStat,
  timeseries: createTimeseries,
  bargauge: createBarGauge,
  table: createTable,
  'state-timeline': createStateTimeline,
};

/**
 * @param {PanelJson} panel
 * @param {PanelContext} context
 * @returns {Panel} `refresh` resolves to whether all queries were answered; it never rejects
 */
export function createPanel(panel, context) {
  const body = element('div', { class: 'panel-body' });
  const notice = element('p', { class: 'panel-notice', hidden: '' });
  const node = element(
    'section',
    { class: `panel panel-${panel.type}`, 'aria-label': panel.title, 'data-panel': String(panel.id) },
    headOf(panel),
    body,
    notice,
  );
  place(node, panel);
  if (panel.type === 'text') {
    createText(panel, body);
    return { node, refresh: async () => true };
  }
  const create = DRAWERS[panel.type];
  if (create === undefined) {
    body.append(element('p', { class: 'absent' }, `This page cannot draw a panel of type ${panel.type}.`));
    return { node, refresh: async () => true };
  }
  return { node, refresh: refresher(panel, create(panel, body, context), node, notice) };
}

/**
 * @param {HTMLElement} node
 * @param {PanelJson} panel
 */
function place(node, { gridPos }) {
  for (const [name, value] of Object.entries(gridPos)) node.style.setProperty(`--${name}`, String(value));
}

/**
 * The title, and behind the "i" what the figure means and the queries it comes from.
 *
 * @param {PanelJson} panel
 */
function headOf(panel) {
  const queries = panel.type === 'text' ? [] : panel.targets.map(({ expr }) => element('code', {}, expr));
  const about = element(
    'details',
    { class: 'about' },
    element('summary', { 'aria-label': `About: ${panel.title}`, title: panel.description }, 'i'),
    element('div', { class: 'about-text' }, element('p', {}, panel.description), ...queries),
  );
  about.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') about.open = false;
  });
  about.addEventListener('focusout', (event) => {
    if (!(event.relatedTarget instanceof Node) || !about.contains(event.relatedTarget)) about.open = false;
  });
  return element('header', { class: 'panel-head' }, element('h2', {}, panel.title), about);
}

/**
 * @param {QueryPanelJson} panel
 * @param {Drawer} drawer
 * @param {HTMLElement} node
 * @param {HTMLElement} notice
 * @returns {Panel['refresh']}
 */
function refresher(panel, drawer, node, notice) {
  /** @type {number | null} */
  let answered_s = null;
  let latest = 0;
  return async (view, variables) => {
    latest += 1;
    const mine = latest;
    try {
      const answers = await Promise.all(panel.targets.map((target) => answerTo(target, view, variables)));
      // An answer that was overtaken by a newer question must not be drawn over it.
      if (mine !== latest) return true;
      answered_s = now_s();
      node.classList.remove('stale');
      drawer.draw(answers, view);
      showNotice(
        notice,
        [...new Set(answers.flatMap(({ warnings }) => warnings))].join(' \u00b7 '),
        'warning',
      );
      return true;
    } catch (error) {
      if (mine !== latest || error instanceof Abandoned) return false;
      node.classList.add('stale');
      showNotice(notice, failureText(error, answered_s), 'failure');
      return false;
    }
  };
}

/**
 * @param {QueryPanelJson['targets'][number]} target
 * @param {View} view
 * @param {Variables} variables
 * @returns {Promise<Answer>}
 */
async function answerTo({ expr, instant }, view, variables) {
  if (variables === null) throw new Error('the list of jobs is not known');
  // Nothing was chosen because there is nothing: the panel says what is missing.
  if (lacksVariable(expr, variables)) return { series: [], warnings: [] };
  const query = substituted(expr, variables, view);
  return instant ? instantQuery(query, view.end_s) : rangeQuery(query, view);
}

/**
 * @param {unknown} error
 * @param {number | null} answered_s
 */
function failureText(error, answered_s) {
  const reason = error instanceof Error ? error.message : String(error);
  if (answered_s === null) return `No answer: ${reason}`;
  const age = formatSeconds(Math.max(1, Math.round(now_s() - answered_s)));
  return `STALE since ${formatClock(answered_s, now_s())} (${age}): ${reason}`;
}

/**
 * @param {HTMLElement} notice
 * @param {string} text
 * @param {'warning' | 'failure'} kind
 */
function showNotice(notice, text, kind) {
  notice.hidden = text === '';
  notice.className = `panel-notice ${kind}`;
  notice.title = text;
  setText(notice, text === '' ? '' : `\u26a0 ${text}`);
}
