// @ts-check
import { chartData, createChart, sizeOf } from './chart.js';
import { element } from './dom.js';
import { fieldOf, seriesName } from './fields.js';
import { createLegend } from './legend.js';
import { seriesColor, themeName } from './palette.js';
import { formatClock, formatValue } from './units.js';

/**
 * @typedef {import('./chart.js').Line} Line
 * @typedef {import('./time-range.js').View} View
 */

/**
 * Lines over time. The arrow keys move the cursor of a chart that has the focus; every other chart shows the same
 * moment.
 *
 * @param {import('./panel.js').QueryPanelJson} panel
 * @param {HTMLElement} body
 * @param {import('./panel.js').PanelContext} context
 * @returns {import('./panel.js').Drawer}
 */
export function createTimeseries(panel, body, { cursor, zoom }) {
  const field = fieldOf(panel.fieldConfig, '');
  const place = element('div', {
    class: 'plot',
    tabindex: '0',
    role: 'group',
    'aria-roledescription': 'chart',
  });
  const absent = element('p', { class: 'absent' }, field.noValue);
  const legend = createLegend(field, (index, show) => chart?.setSeries(index + 1, { show }));
  const self = {};
  /** @type {import('./chart.js').UPlot | null} */
  let chart = null;
  let drawnAs = '';
  /** @type {View} */
  let view = { start_s: 0, end_s: 1, step_s: 1, live: false };
  /** @type {Line[]} */
  let lines = [];
  /** @type {number[]} */
  let moments_s = [];
  body.append(place, legend.node, absent);

  const showAt = (/** @type {number | null | undefined} */ index) =>
    legend.show(lines, moments_s, index ?? null);
  const options = () => ({
    view: () => view,
    field,
    min: panel.fieldConfig.defaults.min,
    max: panel.fieldConfig.defaults.max,
    dashes: dashesOf(panel),
    pointed: (/** @type {import('./chart.js').UPlot} */ one) => {
      const { left = -1, idx } = one.cursor;
      showAt(left < 0 ? null : idx);
      cursor.point(left < 0 ? null : one.posToVal(left, 'x'), self);
    },
    selected: zoom,
  });

  cursor.listen((at_s, source) => {
    if (source === self || chart === null) return;
    const left = at_s === null ? -10 : chart.valToPos(at_s, 'x');
    chart.setCursor({ left, top: at_s === null ? -10 : 0 }, false);
    showAt(at_s === null ? null : chart.cursor.idx);
  });
  place.addEventListener('keydown', (event) => {
    if (chart !== null && moveCursor(chart, event.key)) event.preventDefault();
  });
  new ResizeObserver(() => chart?.setSize(sizeOf(place))).observe(place);

  return {
    draw(answers, newView) {
      view = newView;
      moments_s = momentsOf(view);
      lines = linesOf(panel, answers, view, moments_s.length);
      const known = lines.length > 0;
      place.hidden = !known;
      absent.hidden = known;
      place.setAttribute('aria-label', summaryOf(panel.title, field, lines, view));
      const drawing = known ? JSON.stringify([themeName(), ...lines.map(({ name }) => name)]) : '';
      if (drawing !== drawnAs) {
        chart?.destroy();
        chart = known ? createChart(place, moments_s, lines, options()) : null;
        legend.rebuild(lines);
        drawnAs = drawing;
      } else {
        chart?.setData(chartData(moments_s, lines));
      }
      showAt(chart !== null && (chart.cursor.left ?? -1) >= 0 ? chart.cursor.idx : null);
    },
  };
}

/** @param {View} view */
function momentsOf({ start_s, end_s, step_s }) {
  const count = Math.floor((end_s - start_s) / step_s + 1e-6) + 1;
  return Array.from({ length: count }, (_, index) => start_s + index * step_s);
}

/**
 * Values on the grid of the view; null where a series has no point.
 *
 * @param {import('./panel.js').QueryPanelJson} panel
 * @param {readonly import('./panel.js').Answer[]} answers
 * @param {View} view
 * @param {number} count
 * @returns {Line[]}
 */
function linesOf({ targets }, answers, { start_s, step_s }, count) {
  const lines = targets.flatMap(({ legendFormat }, index) =>
    (answers[index]?.series ?? []).map(({ labels, points }) => {
      /** @type {(number | null)[]} */
      const values = new Array(count).fill(null);
      for (const [at_s, value] of points) {
        const at = Math.round((at_s - start_s) / step_s);
        if (at >= 0 && at < count) values[at] = value;
      }
      return { name: seriesName(legendFormat, labels), color: '', values };
    }),
  );
  return lines
    .filter(({ values }) => values.some((value) => value !== null))
    .map((line, index) => ({ ...line, color: seriesColor(index) }));
}

/**
 * @param {import('./panel.js').QueryPanelJson} panel
 * @returns {{ value: number, color: string }[]}
 */
function dashesOf({ fieldConfig: { defaults } }) {
  const style = /** @type {any} */ (defaults.custom)['thresholdsStyle']?.mode;
  if (style === undefined || style === 'off') return [];
  return defaults.thresholds.steps.flatMap(({ value, color }) => (value === null ? [] : [{ value, color }]));
}

/**
 * @param {import('./chart.js').UPlot} chart
 * @param {string} key
 * @returns {boolean} whether the key is one of the chart's
 */
function moveCursor(chart, key) {
  const moments = chart.data[0];
  const last = moments.length - 1;
  const at = chart.cursor.idx ?? last;
  /** @type {Record<string, number>} */
  const targets = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last };
  if (key === 'Escape') {
    chart.setCursor({ left: -10, top: -10 });
    return true;
  }
  const target = targets[key];
  if (target === undefined) return false;
  const moment = moments[Math.min(last, Math.max(0, target))] ?? 0;
  chart.setCursor({ left: chart.valToPos(moment, 'x'), top: 4 });
  return true;
}

/** Lines that are read out; more would not be listened to. */
const SAID = 6;

/**
 * @param {string} title
 * @param {import('./fields.js').Field} field
 * @param {readonly Line[]} lines
 * @param {View} view
 */
function summaryOf(title, { unit, decimals, noValue }, lines, { start_s, end_s }) {
  if (lines.length === 0) return `${title}: ${noValue}`;
  const said = lines.slice(0, SAID).map(({ name, values }) => {
    const known = /** @type {number[]} */ (values.filter((value) => value !== null));
    const figure = (/** @type {number} */ value) => formatValue(value, unit, decimals);
    return `${name} last ${figure(known.at(-1) ?? 0)}, lowest ${figure(Math.min(...known))}, highest ${figure(Math.max(...known))}`;
  });
  const more = lines.length > SAID ? `; and ${lines.length - SAID} more lines` : '';
  return `${title}, ${formatClock(start_s)} to ${formatClock(end_s)}: ${said.join('; ')}${more}`;
}
