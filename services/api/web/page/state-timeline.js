// @ts-check
import { element } from './dom.js';
import { fieldOf, seriesName, shownValue } from './fields.js';
import { axisMoments } from './time-axis.js';
import { formatClock, formatSeconds } from './units.js';

/** As many marks as fit without touching on the narrowest page. */
const AXIS_MARKS = 8;

/** Share of the width in which a mark in the middle of its moment would be cut off. */
const AXIS_EDGE = 0.05;

/**
 * @typedef {import('./time-range.js').View} View
 * @typedef {{ from_s: number, to_s: number, value: number, text: string, color: string | null }} Stretch
 */

/**
 * One strip a series: a stretch for each state, named by the mappings of its values. Nothing is drawn where nothing is
 * known.
 *
 * @param {import('./panel.js').QueryPanelJson} panel
 * @param {HTMLElement} body
 * @param {import('./panel.js').PanelContext} context
 * @returns {import('./panel.js').Drawer}
 */
export function createStateTimeline(panel, body, { cursor }) {
  const line = element('span', { class: 'strip-cursor', hidden: '' });
  /** @type {View | null} */
  let drawn = null;
  const self = {};
  cursor.listen((at_s) => {
    line.hidden = at_s === null || drawn === null;
    if (at_s !== null && drawn !== null) line.style.setProperty('left', percent(at_s, drawn));
  });
  body.addEventListener('pointermove', (event) => {
    const strip = body.querySelector('.strip');
    if (strip === null || drawn === null) return;
    const { left, width } = strip.getBoundingClientRect();
    const share = (event.clientX - left) / width;
    cursor.point(share < 0 || share > 1 ? null : drawn.start_s + share * (drawn.end_s - drawn.start_s), self);
  });
  body.addEventListener('pointerleave', () => cursor.point(null, self));
  return {
    draw(answers, view) {
      drawn = view;
      const rows = rowsOf(panel, answers, view);
      if (rows.every(({ stretches }) => stretches.length === 0)) {
        body.replaceChildren(element('p', { class: 'absent' }, fieldOf(panel.fieldConfig, '').noValue));
        return;
      }
      const strips = rows.map((row) => stripNode(row, rows.length > 1, view));
      body.replaceChildren(
        element('div', { class: 'strips' }, ...strips, line),
        axisNode(view),
        legendNode(rows),
      );
    },
  };
}

/**
 * @param {import('./panel.js').QueryPanelJson} panel
 * @param {readonly import('./panel.js').Answer[]} answers
 * @param {View} view
 * @returns {{ name: string, stretches: Stretch[] }[]}
 */
function rowsOf(panel, answers, view) {
  return panel.targets.flatMap(({ legendFormat }, index) =>
    (answers[index]?.series ?? []).map(({ labels, points }) => {
      const name = seriesName(legendFormat, labels);
      const field = fieldOf(panel.fieldConfig, name);
      const stretches = stretchesOf(points, view).map((stretch) => {
        const { text, color } = shownValue(field, stretch.value);
        return { ...stretch, text, color };
      });
      return { name, stretches };
    }),
  );
}

/**
 * Equal neighbours are one stretch; a point that is missing ends it.
 *
 * @param {readonly (readonly [number, number | null])[]} points
 * @param {View} view
 * @returns {{ from_s: number, to_s: number, value: number }[]}
 */
export function stretchesOf(points, { step_s, end_s }) {
  /** @type {{ from_s: number, to_s: number, value: number }[]} */
  const stretches = [];
  for (const [at_s, value] of points) {
    if (value === null) continue;
    const last = stretches.at(-1);
    const follows = last !== undefined && at_s - last.to_s < step_s / 2;
    const to_s = Math.min(at_s + step_s, end_s);
    if (follows && last.value === value) last.to_s = to_s;
    else stretches.push({ from_s: at_s, to_s, value });
  }
  return stretches;
}

/**
 * @param {number} at_s
 * @param {View} view
 */
function percent(at_s, { start_s, end_s }) {
  return `${(((at_s - start_s) / (end_s - start_s)) * 100).toFixed(3)}%`;
}

/**
 * @param {{ name: string, stretches: Stretch[] }} row
 * @param {boolean} named
 * @param {View} view
 */
function stripNode({ name, stretches }, named, view) {
  const said = stretches.map(({ text, from_s, to_s }) => `${text} ${formatSeconds(to_s - from_s)}`);
  const strip = element('div', {
    class: 'strip',
    role: 'img',
    'aria-label': `${name}: ${said.join(', then ')}`,
  });
  for (const { from_s, to_s, text, color } of stretches) {
    const title = `${text}: ${formatClock(from_s)} to ${formatClock(to_s)} (${formatSeconds(to_s - from_s)})`;
    const node = element('span', { class: 'stretch', title }, element('span', {}, text));
    node.style.setProperty('left', percent(from_s, view));
    node.style.setProperty('width', `calc(${percent(view.start_s + to_s - from_s, view)} - 1px)`);
    if (color !== null) node.style.setProperty('--tone', color);
    strip.append(node);
  }
  return element(
    'div',
    { class: 'strip-row' },
    named ? element('span', { class: 'strip-name' }, name) : null,
    strip,
  );
}

/** @param {View} view */
function axisNode(view) {
  const axis = element('div', { class: 'strip-axis', 'aria-hidden': 'true' });
  for (const { at_s, text } of axisMoments(view, AXIS_MARKS)) {
    const tick = element('span', {}, text);
    tick.style.setProperty('left', percent(at_s, view));
    const share = (at_s - view.start_s) / (view.end_s - view.start_s);
    if (share < AXIS_EDGE) tick.className = 'first';
    else if (share > 1 - AXIS_EDGE) tick.className = 'last';
    axis.append(tick);
  }
  return axis;
}

/** @param {{ stretches: Stretch[] }[]} rows */
function legendNode(rows) {
  /** @type {Map<string, { color: string | null, length_s: number }>} */
  const states = new Map();
  for (const { text, color, from_s, to_s } of rows.flatMap(({ stretches }) => stretches)) {
    const before = states.get(text)?.length_s ?? 0;
    states.set(text, { color, length_s: before + to_s - from_s });
  }
  const items = [...states].map(([text, { color, length_s }]) => {
    const swatch = element('span', { class: 'swatch' });
    if (color !== null) swatch.style.setProperty('--tone', color);
    return element('li', {}, swatch, `${text} ${formatSeconds(length_s)}`);
  });
  return element('ul', { class: 'legend' }, ...items);
}
