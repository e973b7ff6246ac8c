// @ts-check
import { element, setText } from './dom.js';
import { shownValue } from './fields.js';
import { formatClock } from './units.js';

/**
 * @typedef {import('./chart.js').Line} Line
 * @typedef {{
 *   node: HTMLElement,
 *   rebuild(lines: readonly Line[]): void,
 *   show(lines: readonly Line[], moments_s: readonly number[], index: number | null): void,
 * }} Legend
 */

/**
 * Names, colours and values of the lines: at the cursor, or at the end of the range without
 * one. A click hides a line.
 *
 * @param {import('./fields.js').Field} field
 * @param {(index: number, show: boolean) => void} toggle
 * @returns {Legend}
 */
export function createLegend(field, toggle) {
  const node = element('ul', { class: 'legend' });
  /** @type {HTMLElement[]} */
  let values = [];
  return {
    node,
    rebuild(lines) {
      values = lines.map(() => element('span', { class: 'legend-value' }));
      node.replaceChildren(
        ...lines.map((line, index) => itemOf(line, values[index] ?? null, (show) => toggle(index, show))),
      );
    },
    show(lines, moments_s, index) {
      for (const [at, { values: points }] of lines.entries()) {
        const place = values[at];
        if (place !== undefined) setText(place, textAt(field, points, moments_s, index));
      }
    },
  };
}

/** Points at the right edge that may still be under way. */
const LATE_POINTS = 3;

/**
 * A line that ended before the range did has no value now: its last one is told with its time, not as a present one.
 *
 * @param {import('./fields.js').Field} field
 * @param {Line['values']} points
 * @param {readonly number[]} moments_s
 * @param {number | null} index of the cursor; null for the end of the range
 */
function textAt(field, points, moments_s, index) {
  const at = index ?? points.findLastIndex((point) => point !== null);
  const value = points[at] ?? null;
  if (value === null) return '\u2013';
  const { text } = shownValue(field, value);
  if (index !== null || at >= points.length - 1 - LATE_POINTS) return text;
  return `\u2013 (${text} until ${formatClock(moments_s[at] ?? 0)})`;
}

/**
 * @param {Line} line
 * @param {HTMLElement | null} value
 * @param {(show: boolean) => void} toggle
 */
function itemOf({ name, color }, value, toggle) {
  const swatch = element('span', { class: 'swatch' });
  swatch.style.setProperty('--tone', color);
  const button = element(
    'button',
    { type: 'button', 'aria-pressed': 'true', title: `Show or hide ${name}` },
    swatch,
    name,
    ' ',
    value,
  );
  button.addEventListener('click', () => {
    const show = button.getAttribute('aria-pressed') !== 'true';
    button.setAttribute('aria-pressed', String(show));
    toggle(show);
  });
  return element('li', {}, button);
}
