// @ts-check
import { readAddress, writeAddress } from './address.js';
import { createAlerts } from './alerts.js';
import { chosenValue, createChooser } from './choices.js';
import { createSharedCursor } from './cursor.js';
import { byId, element, selectById, setText } from './dom.js';
import { readJobSpans } from './jobs.js';
import { emptyNotice, failureNotice, pastJobNotice, tokenNotice } from './notices.js';
import { onThemeChange } from './palette.js';
import { createPanel } from './panel.js';
import { labelValues } from './prometheus.js';
import { createRangePicker } from './range-picker.js';
import { Abandoned, abandonQuestions, askJson, now_s, QuestionFailed } from './server.js';
import { timeOf, viewOf } from './time-range.js';
import { formatClock } from './units.js';
import { labelVariables } from './variables.js';

/**
 * @typedef {import('../../../../dashboards/src/dashboard.ts').Dashboard} Dashboard
 * @typedef {import('./address.js').Address} Address
 *
 * What there is to choose from: the values of each variable, and when each job lived.
 * @typedef {{ lists: Map<string, string[]>, spans: import('./jobs.js').JobSpans }} Offer
 */

/** Between two refreshes, counted from the end of the one before: a slow server is not asked twice at once. */
const REFRESH_MS = 10_000;

class Page {
  /** @type {Address} */
  address = readAddress(location.search);
  paused = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer;
  refreshes = 0;
  /** @type {Promise<void> | null} */
  underWay = null;
  /** State of each job, in a word. @type {Map<string, string>} */
  states = new Map();
  /** @type {Offer | null} */
  offer = null;

  /** @param {Dashboard} dashboard */
  constructor(dashboard) {
    this.dashboard = dashboard;
    this.variables = labelVariables(dashboard);
    this.choosers = new Map(
      this.variables.map((variable) => [
        variable.name,
        createChooser(variable, (value) =>
          this.go({ variables: { ...this.address.variables, [variable.name]: value } }),
        ),
      ]),
    );
    this.picker = createRangePicker(byId('range'), (range) => this.go({ range }));
    this.alerts = createAlerts(byId('alerts'), byId('spoken'), (job) =>
      writeAddress({ ...this.address, range: null, variables: { ...this.address.variables, job } }),
    );
    const context = {
      cursor: createSharedCursor(),
      zoom: (/** @type {number} */ from_s, /** @type {number} */ to_s) =>
        this.go({ range: { from: String(Math.round(from_s * 1000)), to: String(Math.round(to_s * 1000)) } }),
    };
    const inOrder = dashboard.panels.toSorted(
      (a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x,
    );
    this.panels = inOrder.map((panel) => createPanel(panel, context));
    byId('panels').replaceChildren(...this.panels.map(({ node }) => node));
    byId('variables').replaceChildren(...[...this.choosers.values()].map(({ node }) => node));
    setText(byId('dashboard-title'), dashboard.title);
  }

  /**
   * Follows a choice: the address changes, the browser's "back" undoes it.
   *
   * @param {Partial<Address>} change
   */
  go(change) {
    this.address = { ...this.address, ...change };
    history.pushState(null, '', writeAddress(this.address));
    this.restart();
  }

  /** The view has changed: what is under way for the one before is of no use any more. */
  restart() {
    abandonQuestions();
    this.underWay = null;
    void this.refresh();
  }

  /**
   * Asks everything anew and draws it; joins a refresh that is under way. Never rejects: what failed says so in its
   * place.
   *
   * @returns {Promise<void>}
   */
  refresh() {
    if (this.underWay !== null) return this.underWay;
    const started = this.refreshOnce().finally(() => {
      if (this.underWay === started) this.underWay = null;
    });
    this.underWay = started;
    return started;
  }

  async refreshOnce() {
    clearTimeout(this.timer);
    this.refreshes += 1;
    const mine = this.refreshes;
    const told = await this.readChoices();
    if (mine !== this.refreshes) return;
    const values = this.values();
    const view = viewOf(this.range(), now_s(), this.span());
    this.picker.show(this.range(), view, this.span() !== null);
    this.showChoices();
    const [alerts, ...answered] = await Promise.all([
      this.alerts.refresh(),
      ...this.panels.map((panel) => panel.refresh(view, values)),
    ]);
    if (mine !== this.refreshes) return;
    this.states = alerts.facts?.states ?? new Map();
    this.showChoices();
    this.showState(alerts, answered.every(Boolean) && told);
    this.schedule();
  }

  /**
   * @returns {Promise<boolean>} whether the server said what there is; if not, what it said before still holds
   */
  async readChoices() {
    try {
      const [spans, ...lists] = await Promise.all([
        readJobSpans(),
        ...this.variables.map(({ metric, ofLabel }) => labelValues(ofLabel, metric)),
      ]);
      const byName = new Map(this.variables.map(({ name }, index) => [name, lists[index] ?? []]));
      // A job is known from its first event; its metrics follow a moment later.
      if (byName.has('job'))
        byName.set('job', [...new Set([...(byName.get('job') ?? []), ...spans.keys()])].sort());
      this.offer = { lists: byName, spans };
      this.showNotices();
      return true;
    } catch (error) {
      if (!(error instanceof Abandoned)) this.showFailure(error);
      return false;
    }
  }

  /** @returns {Record<string, string> | null} null while nothing is known of what there is */
  values() {
    const { offer } = this;
    if (offer === null) return null;
    const chosen = this.variables.flatMap((variable) => {
      const value = chosenValue(
        variable,
        offer.lists.get(variable.name) ?? [],
        this.address.variables,
        offer.spans,
      );
      return value === undefined ? [] : [[variable.name, value]];
    });
    return Object.fromEntries(chosen);
  }

  /** @returns {import('./time-range.js').JobSpan | null} of the chosen job */
  span() {
    return this.offer?.spans.get(this.values()?.['job'] ?? '') ?? null;
  }

  /** The range asked for, else the dashboard's own; for a job that was over before that, its whole run. */
  range() {
    const { time } = this.dashboard;
    if (this.address.range !== null) return this.address.range;
    return this.isPast() ? { from: 'run', to: 'now' } : { from: time.from, to: time.to };
  }

  showChoices() {
    const values = this.values();
    for (const { name } of this.variables) {
      const list = this.offer?.lists.get(name) ?? [];
      this.choosers.get(name)?.show(list, values?.[name], this.states);
    }
  }

  isPast() {
    const span = this.span();
    const begin_s = timeOf(this.dashboard.time.from, now_s()) ?? 0;
    return span !== null && !span.open && span.newest_s < begin_s;
  }

  showNotices() {
    const job = this.values()?.['job'];
    const span = this.span();
    const empty = this.offer?.lists.get('job')?.length === 0;
    const notices = byId('notices');
    if (empty) {
      // Kept as it is: somebody may be copying from it.
      if (notices.querySelector('#empty') === null) notices.replaceChildren(emptyNotice());
    } else if (job !== undefined && span !== null && this.address.range === null && this.isPast()) {
      notices.replaceChildren(pastJobNotice(job, span));
    } else {
      notices.replaceChildren();
    }
  }

  /** @param {unknown} error */
  showFailure(error) {
    const notices = byId('notices');
    if (error instanceof QuestionFailed && error.status === 401) {
      if (notices.querySelector('#token') === null)
        notices.replaceChildren(tokenNotice(() => void this.refresh()));
      return;
    }
    notices.replaceChildren(failureNotice(error instanceof Error ? error.message : String(error)));
  }

  /**
   * @param {import('./alerts.js').AlertState} alerts
   * @param {boolean} complete
   */
  showState({ firing, facts }, complete) {
    const urgent = firing.find(({ rule, pending }) => rule.severity === 'page' && !pending);
    document.title = titleOf(this.values()?.['job'] ?? null, urgent, facts, complete);
    byId('favicon').setAttribute('href', `page/favicon${urgent === undefined ? '' : '-alert'}.svg`);
    byId('panels').setAttribute('aria-busy', 'false');
    const at = formatClock(now_s());
    setText(
      byId('freshness'),
      complete ? `${this.paused ? 'Paused at' : 'Updated'} ${at}` : `No full answer at ${at}`,
    );
    byId('freshness').classList.toggle('failure', !complete);
  }

  schedule() {
    clearTimeout(this.timer);
    if (this.paused || document.hidden) return;
    this.timer = setTimeout(() => void this.refresh(), REFRESH_MS);
  }

  /** @param {boolean} paused */
  pause(paused) {
    this.paused = paused;
    const button = byId('pause');
    button.setAttribute('aria-pressed', String(paused));
    setText(button, paused ? 'Resume' : 'Pause');
    void this.refresh();
  }
}

/**
 * What the tab says: the job that pages somebody, whichever is on the screen, else the state of the one that is.
 *
 * @param {string | null} shown
 * @param {import('./alert-facts.js').Firing | undefined} urgent
 * @param {import('./alert-facts.js').JobFacts | null} facts
 * @param {boolean} complete
 */
function titleOf(shown, urgent, facts, complete) {
  if (!complete) return 'no full answer \u00b7 Headway';
  const job = urgent?.job ?? shown;
  const state = facts?.states.get(job ?? '');
  const said = [job, state].filter((part) => part != null).join(': ');
  return `${urgent === undefined ? '' : '\u203c '}${said === '' ? '' : `${said} \u00b7 `}Headway`;
}

/** @param {Page} page */
function listen(page) {
  byId('pause').addEventListener('click', () => page.pause(!page.paused));
  byId('now').addEventListener('click', () => void page.refresh());
  document.addEventListener('visibilitychange', () => {
    // Somebody looks again: what they see has to be of now.
    if (!document.hidden && !page.paused) void page.refresh();
  });
  addEventListener('popstate', () => {
    page.address = readAddress(location.search);
    page.restart();
  });
  onThemeChange(() => page.restart());
}

async function start() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  setText(byId('zone'), `Times are in ${zone}.`);
  const { dashboards } = /** @type {any} */ (await askJson('dashboards'));
  const asked = readAddress(location.search).dashboard;
  const known = dashboards.find((/** @type {any} */ one) => one.uid === asked) ?? dashboards[0];
  if (known === undefined) throw new Error('The server has no dashboard.');
  const select = selectById('dashboard');
  select.replaceChildren(
    ...dashboards.map((/** @type {any} */ one) => element('option', { value: one.uid }, one.title)),
  );
  select.value = known.uid;
  select.addEventListener('change', () => {
    location.search = writeAddress({ ...readAddress(location.search), dashboard: select.value });
  });
  byId('dashboard-choice').hidden = dashboards.length < 2;
  const page = new Page(
    /** @type {Dashboard} */ (await askJson(`dashboards/${encodeURIComponent(known.uid)}.json`)),
  );
  listen(page);
  await page.refresh();
}

start().catch((error) => {
  byId('notices').replaceChildren(failureNotice(error instanceof Error ? error.message : String(error)));
  document.title = 'not reachable \u00b7 Headway';
  setTimeout(() => location.reload(), REFRESH_MS);
});
