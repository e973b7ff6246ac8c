// @ts-check
import { element } from './dom.js';
import { fieldOf, shownText, shownValue } from './fields.js';

/** @typedef {Map<string, string | number | null>} Row by field: labels are text, values numbers */

/**
 * Rows of labels and values, as the panel's transformations (`merge`, `filterFieldsByName`, `organize`) arrange them.
 *
 * @param {import('./panel.js').QueryPanelJson} panel
 * @param {HTMLElement} body
 * @returns {import('./panel.js').Drawer}
 */
export function createTable(panel, body) {
  const columns = columnsOf(panel);
  return {
    draw(answers) {
      const rows = sorted(panel, columns, rowsOf(panel, answers));
      if (rows.length === 0) {
        body.replaceChildren(element('p', { class: 'absent' }, fieldOf(panel.fieldConfig, '').noValue));
        return;
      }
      const head = element('tr', {}, ...columns.map((column) => headCell(panel, column, rows)));
      const lines = rows.map((row) =>
        element('tr', {}, ...columns.map(({ field, title }) => cellOf(panel, title, row.get(field) ?? null))),
      );
      const table = element('table', {}, element('thead', {}, head), element('tbody', {}, ...lines));
      table.style.setProperty('--columns', String(columns.length));
      body.replaceChildren(
        element(
          'div',
          { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': panel.title },
          table,
        ),
      );
    },
  };
}

/**
 * @param {import('./panel.js').QueryPanelJson} panel
 * @returns {{ field: string, title: string }[]}
 */
function columnsOf({ transformations }) {
  const options = (/** @type {string} */ id) =>
    /** @type {any} */ (transformations.find((one) => one.id === id)?.options ?? {});
  const { indexByName = {}, renameByName = {} } = options('organize');
  /** @type {string[]} */
  const names = options('filterFieldsByName').include?.names ?? Object.keys(indexByName);
  return names
    .toSorted((a, b) => (indexByName[a] ?? 0) - (indexByName[b] ?? 0))
    .map((field) => ({ field, title: renameByName[field] ?? field }));
}

/**
 * One row a series. A row of a later query joins the row whose shared labels are all equal to its own.
 *
 * @param {import('./panel.js').QueryPanelJson} panel
 * @param {readonly import('./panel.js').Answer[]} answers
 * @returns {Row[]}
 */
export function rowsOf({ targets }, answers) {
  /** @type {Row[]} */
  const rows = [];
  for (const [index, { refId }] of targets.entries()) {
    const valueField = targets.length === 1 ? 'Value' : `Value #${refId}`;
    for (const { labels, points } of answers[index]?.series ?? []) {
      const { __name__, ...shared } = labels;
      const own = Object.entries(shared);
      const value = points.at(-1)?.[1] ?? null;
      const known =
        index === 0 ? undefined : rows.find((row) => own.every(([name, text]) => isShared(row, name, text)));
      if (known !== undefined) known.set(valueField, value);
      else
        rows.push(new Map(/** @type {[string, string | number | null][]} */ ([...own, [valueField, value]])));
    }
  }
  return rows;
}

/**
 * As the option `sortBy` says. What is not known comes last.
 *
 * @param {import('./panel.js').QueryPanelJson} panel
 * @param {{ field: string, title: string }[]} columns
 * @param {Row[]} rows
 */
function sorted({ options }, columns, rows) {
  const [order] = /** @type {{ displayName: string, desc: boolean }[]} */ (options['sortBy'] ?? []);
  const field = columns.find(({ title }) => title === order?.displayName)?.field;
  if (order === undefined || field === undefined) return rows;
  return rows.toSorted((a, b) => {
    const [one, other] = [a.get(field) ?? null, b.get(field) ?? null];
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    return (one < other ? -1 : Number(one > other)) * (order.desc ? -1 : 1);
  });
}

/**
 * @param {Row} row
 * @param {string} name
 * @param {string} text
 */
function isShared(row, name, text) {
  return !row.has(name) || row.get(name) === text;
}

/** Letters of a text for which a column is made wider; more are elided first. */
const TEXT_LETTERS_MAX = 30;

/**
 * Columns of numbers and of mapped words are as wide as these; the columns of other text share the rest by their
 * longest one.
 *
 * @param {import('./panel.js').QueryPanelJson} panel
 * @param {{ field: string, title: string }} column
 * @param {readonly Row[]} rows
 */
function headCell(panel, { field, title }, rows) {
  const head = element('th', { scope: 'col' }, title);
  const isWord = Object.keys(fieldOf(panel.fieldConfig, title).mappings).length > 0;
  const letters = Math.max(title.length, ...rows.map((row) => String(row.get(field) ?? '').length));
  const share = field.startsWith('Value') || isWord ? 1 : Math.min(TEXT_LETTERS_MAX, letters);
  head.style.setProperty('width', `${share}%`);
  return head;
}

/**
 * @param {import('./panel.js').QueryPanelJson} panel
 * @param {string} title
 * @param {string | number | null} value
 */
function cellOf(panel, title, value) {
  const field = fieldOf(panel.fieldConfig, title);
  if (value === null || value === '') {
    return element(
      'td',
      { class: 'unknown', title: 'not known' },
      element('span', { 'aria-label': 'not known' }, '\u2013'),
    );
  }
  const shown = typeof value === 'number' ? shownValue(field, value) : shownText(field, value);
  const isNumber = typeof value === 'number';
  const cell = element('td', isNumber ? { class: 'number' } : { title: shown.text }, shown.text);
  // A word with a colour is one of a few short ones; any other text may be of any length.
  if (!isNumber && shown.color === null) cell.classList.add('text');
  if (shown.color !== null) {
    cell.classList.add('toned');
    cell.style.setProperty('--tone', shown.color);
  }
  return cell;
}
