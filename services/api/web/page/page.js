// @ts-check
import { readAddress, writeAddress } from './address.js';
import { createAlerts } from './alerts.js';
import { createChooser } from './chooser.js';
import { createSharedCursor } from './cursor.js';
import { byId, setText } from './dom.js';
import { emptyNotice, failureNotice, pastJobNotice, tokenNotice } from './notices.js';
import { chosenValues, readOffer } from './offer.js';
import { createPanel } from './panel.js';
import { createRangePicker } from './range-picker.js';
import { Abandoned, abandonQuestions, now_s, QuestionFailed } from './server.js';
import { titleOf } from './tab-title.js';
import { timeOf, viewOf } from './time-range.js';
import { formatClock } from './units.js';
import { labelVariables } from './variables.js';

/**
 * @typedef {import('../../../../dashboards/src/dashboard.ts').Dashboard} Dashboard
 * @typedef {import('./address.js').Address} Address
 */

/** Between two refreshes, counted from the end of the one before: a slow server is not asked twice at once. */
const REFRESH_MS = 10_000;

/** One dashboard in the window: what was chosen, when to ask again, and where each answer is shown. */
export class Page {
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
  /** @type {import('./offer.js').Offer | null} */
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
      this.alerts.refresh(values?.['job']),
      ...this.panels.map((panel) => panel.refresh(view, values)),
    ]);
    if (mine !== this.refreshes) return;
    this.states = alerts.facts?.states ?? new Map();
    this.showChoices();
    this.showState(alerts, answered.every(Boolean) && told);
    this.schedule();
  }

  /** @returns {Promise<boolean>} whether the server said what there is; if not, what it said before still holds */
  async readChoices() {
    try {
      this.offer = await readOffer(this.variables);
      this.settle();
      this.showNotices();
      return true;
    } catch (error) {
      if (!(error instanceof Abandoned)) this.showFailure(error);
      return false;
    }
  }

  /** What was chosen for a person stays chosen: another job that is heard later must not take its place. */
  settle() {
    const values = this.values();
    if (values === null || Object.keys(values).every((name) => name in this.address.variables)) return;
    this.address = { ...this.address, variables: { ...this.address.variables, ...values } };
    history.replaceState(null, '', writeAddress(this.address));
  }

  /** @returns {Record<string, string> | null} null while nothing is known of what there is */
  values() {
    return this.offer === null ? null : chosenValues(this.variables, this.offer, this.address.variables);
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
    const shown = this.values()?.['job'] ?? null;
    const pages = firing.filter(({ rule, pending }) => rule.severity === 'page' && !pending);
    const urgent = pages.find(({ job }) => job === shown) ?? pages[0];
    document.title = titleOf(shown, urgent, facts, complete);
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
