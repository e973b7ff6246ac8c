// @ts-check
import { element } from './dom.js';
import { fieldOf, seriesName, shownValue } from './fields.js';
import { formatValue } from './units.js';

/**
 * `begin` and `end` are shares of the widest bar, 0..1.
 * @typedef {{ name: string, value: number, begin: number, end: number, role: 'plain' | 'whole' | 'loss' | 'rest' }} Bar
 */

/** Share of the whole by which a cascade may miss its last bar before the page says so. */
const CLOSES_WITHIN = 0.001;

/**
 * Horizontal bars from zero; with the option `cascade` a waterfall from the first bar to the last.
 *
 * @param {import('./panel.js').QueryPanelJson} panel
 * @param {HTMLElement} body
 * @returns {import('./panel.js').Drawer}
 */
export function createBarGauge(panel, body) {
  const cascade = panel.options['cascade'] === true;
  let missed = false;
  return {
    draw(answers) {
      const values = valuesOf(panel, answers);
      if (values.length === 0) {
        body.replaceChildren(element('p', { class: 'absent' }, fieldOf(panel.fieldConfig, '').noValue));
        return;
      }
      const bars = cascade ? cascadeOf(values) : plainBars(values);
      const rows = bars.map((bar) => rowOf(bar, panel, cascade));
      const missing = cascade ? remainderOf(values) : 0;
      // The queries are answered one after the other, and a new sample may come between two: once is no fault.
      const persists = missed && missing !== 0;
      missed = missing !== 0;
      body.replaceChildren(
        element('ul', { class: cascade ? 'bars cascade' : 'bars' }, ...rows),
        ...(persists ? [remainderNode(missing, panel)] : []),
      );
    },
  };
}

/**
 * @param {import('./panel.js').QueryPanelJson} panel
 * @param {readonly import('./panel.js').Answer[]} answers
 * @returns {{ name: string, value: number }[]}
 */
function valuesOf(panel, answers) {
  return panel.targets.flatMap(({ legendFormat }, index) =>
    (answers[index]?.series ?? []).flatMap(({ labels, points }) => {
      const value = points.findLast((point) => point[1] !== null)?.[1] ?? null;
      return value === null ? [] : [{ name: seriesName(legendFormat, labels), value }];
    }),
  );
}

/**
 * @param {{ name: string, value: number }[]} values
 * @returns {Bar[]}
 */
function plainBars(values) {
  const widest = Math.max(...values.map(({ value }) => value), Number.MIN_VALUE);
  return values.map(({ name, value }) => ({ name, value, begin: 0, end: value / widest, role: 'plain' }));
}

/**
 * The first bar is the whole, the last what is left of it; each between them hangs at the end of the one above.
 *
 * @param {{ name: string, value: number }[]} values
 * @returns {Bar[]}
 */
export function cascadeOf(values) {
  const whole = values[0]?.value || Number.MIN_VALUE;
  let left = whole;
  return values.map(({ name, value }, index) => {
    if (index === 0) return { name, value, begin: 0, end: 1, role: 'whole' };
    if (index === values.length - 1) return { name, value, begin: 0, end: value / whole, role: 'rest' };
    const end = left / whole;
    left -= value;
    return { name, value, begin: left / whole, end, role: 'loss' };
  });
}

/**
 * @param {{ name: string, value: number }[]} values the whole, then its parts
 * @returns {number} what the parts leave of the whole; 0 within rounding
 */
export function remainderOf([whole, ...parts]) {
  if (whole === undefined || parts.length === 0) return 0;
  const rest = whole.value - parts.reduce((sum, { value }) => sum + value, 0);
  return Math.abs(rest) <= whole.value * CLOSES_WITHIN ? 0 : rest;
}

/**
 * A waterfall that does not close is said, not drawn over.
 *
 * @param {number} rest
 * @param {import('./panel.js').QueryPanelJson} panel
 */
function remainderNode(rest, panel) {
  const { unit, decimals } = fieldOf(panel.fieldConfig, '');
  return element(
    'p',
    { class: 'absent' },
    `The parts miss the whole by ${formatValue(rest, unit, decimals)}.`,
  );
}

/**
 * @param {Bar} bar
 * @param {import('./panel.js').QueryPanelJson} panel
 * @param {boolean} cascade
 */
function rowOf({ name, value, begin, end, role }, panel, cascade) {
  const { text } = shownValue(fieldOf(panel.fieldConfig, name), value);
  const fill = element('span', { class: `bar-fill ${role}` });
  fill.style.setProperty('left', `${begin * 100}%`);
  fill.style.setProperty('width', `${Math.max(0, end - begin) * 100}%`);
  return element(
    'li',
    { class: `bar-row ${role}` },
    element('span', { class: 'bar-name', title: name }, name),
    element('span', { class: 'bar-track', 'aria-hidden': 'true' }, fill),
    element('span', { class: 'bar-value' }, text),
    cascade ? element('span', { class: 'bar-share' }, formatValue(end - begin, 'percentunit')) : null,
  );
}
