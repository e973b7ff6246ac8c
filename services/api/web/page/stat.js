// @ts-check
import { element } from './dom.js';
import { fieldOf, seriesName, shownValue } from './fields.js';

/**
 * @typedef {import('./fields.js').Shown} Shown
 * @typedef {{ name: string, shown: Shown, points: readonly (readonly [number, number | null])[] }} Figure
 */

/** Figures that stand side by side; more are a list. */
const BESIDE_MAX = 2;

/** @type {(...of: Parameters<typeof figuresOf>) => Figure[]} */
const allFigures = (panel, answers) => {
  const figures = figuresOf(panel, answers);
  // One sentence says more than the same absence under several names.
  return figures.some(({ shown }) => shown.known) ? figures : [];
};

/**
 * One or a few numbers.
 *
 * @param {import('./panel.js').QueryPanelJson} panel
 * @param {HTMLElement} body
 * @returns {import('./panel.js').Drawer}
 */
export function createStat(panel, body) {
  const named = panel.options['textMode'] !== 'value';
  const sparkline = panel.options['graphMode'] === 'area';
  return {
    draw(answers) {
      const figures = allFigures(panel, answers);
      const noValue = fieldOf(panel.fieldConfig, '').noValue;
      const letters = figures.reduce((sum, { shown }) => sum + (shown.known ? shown.text.length : 1) + 2, 0);
      // Side by side they would be too small to be read.
      body.classList.toggle('lines', figures.length > BESIDE_MAX);
      body.style.setProperty('--letters', String(Math.max(4, letters)));
      body.replaceChildren(
        ...(figures.length === 0
          ? [element('p', { class: 'absent' }, noValue)]
          : figures.map((figure) => figureNode(figure, named, noValue, sparkline))),
      );
    },
  };
}

/**
 * @param {import('./panel.js').QueryPanelJson} panel
 * @param {readonly import('./panel.js').Answer[]} answers
 * @returns {Figure[]}
 */
function figuresOf(panel, answers) {
  return panel.targets.flatMap(({ legendFormat }, index) => {
    const series = answers[index]?.series ?? [];
    if (series.length === 0 && !legendFormat.includes('{{')) {
      return [
        { name: legendFormat, shown: shownValue(fieldOf(panel.fieldConfig, legendFormat), null), points: [] },
      ];
    }
    return series.map(({ labels, points }) => {
      const name = seriesName(legendFormat, labels);
      const last = points.findLast(([, value]) => value !== null)?.[1] ?? null;
      return { name, shown: shownValue(fieldOf(panel.fieldConfig, name), last), points };
    });
  });
}

/**
 * @param {Figure} figure
 * @param {boolean} named
 * @param {string} noValue
 * @param {boolean} sparkline
 */
function figureNode({ name, shown, points }, named, noValue, sparkline) {
  const value = shown.known
    ? element('span', { class: 'figure-value' }, shown.text)
    : element('span', { class: 'figure-value unknown', title: noValue, 'aria-label': noValue }, '\u2013');
  if (shown.color !== null) value.style.setProperty('--tone', shown.color);
  return element(
    'div',
    { class: 'figure' },
    value,
    named ? element('span', { class: 'figure-name' }, name) : null,
    sparkline ? sparklineNode(points) : null,
  );
}

const SVG = 'http://www.w3.org/2000/svg';

/** @param {Figure['points']} points */
function sparklineNode(points) {
  const known = /** @type {[number, number][]} */ (points.filter(([, value]) => value !== null));
  const values = known.map(([, value]) => value);
  const lowest = Math.min(...values);
  const height = Math.max(...values) - lowest || 1;
  const [first = [0, 0]] = known;
  const width = (known.at(-1)?.[0] ?? 1) - first[0] || 1;
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 100 24');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('class', 'sparkline');
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(SVG, 'polyline');
  const at = known.map(
    ([at_s, value]) => `${((at_s - first[0]) / width) * 100},${23 - ((value - lowest) / height) * 22}`,
  );
  line.setAttribute('points', at.join(' '));
  svg.append(line);
  return svg;
}
