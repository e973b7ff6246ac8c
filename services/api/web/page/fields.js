// @ts-check
import { formatValue } from './units.js';

/**
 * @typedef {import('../../../../dashboards/src/panel.ts').FieldConfig} FieldConfig
 *
 * How one value looks. `color` is null for the colour of text.
 * @typedef {{ text: string, color: string | null, known: boolean }} Shown
 *
 * What the field options say for one name, overrides applied.
 * @typedef {{
 *   unit: string,
 *   decimals: number | undefined,
 *   noValue: string,
 *   thresholds: { color: string, value: number | null }[],
 *   mappings: Record<string, { text: string, color?: string }>,
 * }} Field
 */

/**
 * @param {FieldConfig} config
 * @param {string} name of the series or column: overrides are by name
 * @returns {Field}
 */
export function fieldOf(config, name) {
  /** @type {Record<string, any>} */
  const merged = { ...config.defaults };
  for (const { matcher, properties } of config.overrides) {
    if (matcher.options !== name) continue;
    for (const { id, value } of properties) merged[id] = value;
  }
  const mappings = (merged['mappings'] ?? []).map((/** @type {any} */ one) => one.options);
  return {
    unit: merged['unit'] ?? 'none',
    decimals: merged['decimals'],
    noValue: merged['noValue'] ?? 'no data',
    thresholds: merged['thresholds']?.steps ?? [],
    mappings: Object.assign({}, ...mappings),
  };
}

/**
 * @param {Field} field
 * @param {number | null} value
 * @returns {Shown}
 */
export function shownValue(field, value) {
  if (value === null) return { text: field.noValue, color: null, known: false };
  const mapped = field.mappings[String(value)];
  if (mapped !== undefined) return { text: mapped.text, color: mapped.color ?? null, known: true };
  return {
    text: formatValue(value, field.unit, field.decimals),
    color: thresholdColor(field, value),
    known: true,
  };
}

/**
 * @param {Field} field
 * @param {string} text of a label
 * @returns {Shown}
 */
export function shownText(field, text) {
  const mapped = field.mappings[text];
  return { text: mapped?.text ?? text, color: mapped?.color ?? null, known: true };
}

/**
 * @param {Field} field
 * @param {number} value
 */
function thresholdColor({ thresholds }, value) {
  const step = thresholds.findLast((one) => one.value === null || value >= one.value);
  return step === undefined || step.color === 'text' || step.color === 'transparent' ? null : step.color;
}

/**
 * The name of a series by its legend: `{{label}}` is replaced; without a legend, all labels.
 *
 * @param {string} legend
 * @param {Record<string, string>} labels
 */
export function seriesName(legend, labels) {
  if (legend !== '') return legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => labels[name] ?? '').trim();
  const { __name__: metric = '', ...others } = labels;
  const inner = Object.entries(others).map(([name, value]) => `${name}="${value}"`);
  return `${metric}{${inner.join(', ')}}`;
}
