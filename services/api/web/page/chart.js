// @ts-check
import { chartColors } from './palette.js';
import { axisMoments } from './time-axis.js';
import { formatValue } from './units.js';

/**
 * @typedef {import('uplot')} UPlot
 * @typedef {{ name: string, color: string, values: (number | null)[] }} Line
 *
 * `view` is asked at each drawing: it moves with every refresh.
 * @typedef {{
 *   view(): import('./time-range.js').View,
 *   field: import('./fields.js').Field,
 *   min: number | undefined,
 *   max: number | undefined,
 *   dashes: readonly { value: number, color: string }[],
 *   pointed(chart: UPlot): void,
 *   selected(from_s: number, to_s: number): void,
 * }} ChartOptions
 */

const FONT = '11px system-ui, sans-serif';
/** A drag shorter than this is a click with a shaky hand. */
const SELECT_PX_MIN = 6;

/**
 * uPlot is loaded as a classic script, which runs before any module.
 *
 * @returns {typeof import('uplot')}
 */
function library() {
  return /** @type {any} */ (globalThis)['uPlot'];
}

/**
 * @param {HTMLElement} place
 * @param {readonly number[]} moments_s
 * @param {readonly Line[]} lines
 * @param {ChartOptions} options
 * @returns {UPlot}
 */
export function createChart(place, moments_s, lines, options) {
  const Plot = library();
  const { width, height } = sizeOf(place);
  return new Plot(
    {
      width,
      height,
      legend: { show: false },
      padding: [8, 10, 0, 0],
      cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
      scales: {
        x: { time: true, range: () => [options.view().start_s, options.view().end_s] },
        y: { range: (_, lowest, highest) => valueRange(lowest, highest, options) },
      },
      axes: [timeAxis(options), valueAxis(options)],
      series: [{}, ...lines.map((line) => seriesOf(line, lines.length))],
      hooks: {
        drawAxes: [(chart) => drawDashes(chart, options.dashes)],
        setCursor: [options.pointed],
        setSelect: [(chart) => select(chart, options)],
      },
    },
    chartData(moments_s, lines),
    place,
  );
}

/**
 * @param {readonly number[]} moments_s
 * @param {readonly Line[]} lines
 * @returns {import('uplot').AlignedData}
 */
export function chartData(moments_s, lines) {
  return [[...moments_s], ...lines.map(({ values }) => values)];
}

/** @param {HTMLElement} place */
export function sizeOf(place) {
  return { width: Math.max(120, place.clientWidth), height: Math.max(60, place.clientHeight) };
}

/**
 * @param {Line} line
 * @param {number} count of lines in the chart
 * @returns {import('uplot').Series}
 */
function seriesOf({ name, color, values }, count) {
  return {
    label: name,
    stroke: color,
    width: count > 8 ? 1 : 1.6,
    ...(count === 1 ? { fill: `${color}18` } : {}),
    spanGaps: false,
    // A point between two gaps has no line to be seen by.
    points: {
      show: true,
      size: 4,
      fill: color,
      filter: (chart, index) => lonely(chart.data[index] ?? values),
    },
  };
}

/**
 * @param {ArrayLike<number | null | undefined>} values
 * @returns {number[]} indexes of the values without neighbours
 */
function lonely(values) {
  const found = [];
  for (let at = 0; at < values.length; at += 1) {
    if (values[at] != null && values[at - 1] == null && values[at + 1] == null) found.push(at);
  }
  return found;
}

/**
 * @param {number | null} lowest
 * @param {number | null} highest
 * @param {ChartOptions} options
 * @returns {[number, number]}
 */
function valueRange(lowest, highest, { min, max, dashes }) {
  const marks = dashes.map(({ value }) => value);
  const low = Math.min(lowest ?? 0, ...marks);
  const high = Math.max(highest ?? 1, ...marks);
  const pad = (high - (min ?? low) || Math.abs(high) || 1) * 0.12;
  return [min ?? low - pad, Math.max(max ?? high + pad, highest ?? 0)];
}

/**
 * @param {ChartOptions} options
 * @returns {import('uplot').Axis}
 */
function timeAxis({ view }) {
  const { text, grid } = chartColors();
  return {
    font: FONT,
    stroke: text,
    grid: { stroke: grid, width: 1 },
    ticks: { show: false },
    size: 24,
    gap: 4,
    splits: (chart) => axisMoments(view(), Math.max(2, Math.floor(chart.width / 70))).map(({ at_s }) => at_s),
    values: (chart) =>
      axisMoments(view(), Math.max(2, Math.floor(chart.width / 70))).map((mark) => mark.text),
  };
}

/**
 * @param {ChartOptions} options
 * @returns {import('uplot').Axis}
 */
function valueAxis({ field }) {
  const { text, grid } = chartColors();
  return {
    font: FONT,
    stroke: text,
    grid: { stroke: grid, width: 1 },
    ticks: { show: false },
    gap: 6,
    space: 28,
    size: (_, values) => 14 + 6.2 * Math.max(3, ...(values ?? []).map(({ length }) => length)),
    values: (_, splits, __, ___, increment) => splits.map((value) => axisValue(value, field.unit, increment)),
  };
}

/**
 * As many digits as the marks are apart.
 *
 * @param {number} value
 * @param {string} unit
 * @param {number} increment
 */
function axisValue(value, unit, increment) {
  const factor = unit === 'percentunit' ? 100 : 1;
  const decimals = Math.max(0, -Math.floor(Math.log10(increment * factor) + 1e-9));
  if (unit.startsWith('suffix:')) return formatValue(value, 'short');
  if (unit === 's' && (value >= 60 || (value > 0 && value < 1))) return formatValue(value, unit);
  return formatValue(value, unit, unit === 'short' || unit === 'watt' ? undefined : decimals);
}

/**
 * @param {UPlot} chart
 * @param {ChartOptions['dashes']} dashes
 */
function drawDashes(chart, dashes) {
  const { ctx, bbox } = chart;
  for (const { value, color } of dashes) {
    const y = Math.round(chart.valToPos(value, 'y', true));
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.save();
    ctx.strokeStyle = color;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }
}

/**
 * @param {UPlot} chart
 * @param {ChartOptions} options
 */
function select(chart, { selected }) {
  const { left, width } = chart.select;
  if (width < SELECT_PX_MIN) return;
  chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  selected(chart.posToVal(left, 'x'), chart.posToVal(left + width, 'x'));
}
