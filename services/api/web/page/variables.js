// @ts-check

/**
 * @typedef {import('../../../../dashboards/src/dashboard.ts').Dashboard} Dashboard
 * @typedef {{ name: string, label: string, metric: string, ofLabel: string }} LabelVariable
 */

/**
 * The variables a person chooses on this page: those of the form `label_values(metric, label)`. The data source is
 * this server.
 *
 * @param {Dashboard} dashboard
 * @returns {LabelVariable[]}
 */
export function labelVariables(dashboard) {
  return dashboard.templating.list.flatMap(({ name, label, type, query }) => {
    if (type !== 'query') return [];
    const text = typeof query === 'string' ? query : query.query;
    const parts = /^label_values\(\s*(.+?)\s*,\s*([A-Za-z_]\w*)\s*\)$/.exec(text);
    if (parts?.[1] === undefined || parts[2] === undefined) return [];
    return [{ name, label, metric: parts[1], ofLabel: parts[2] }];
  });
}

/** A name never begins with a digit: `$1` is a group of `label_replace`. */
const VARIABLE = /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g;

/**
 * Puts values in place of `$name` and `${name}`. Variables stand inside PromQL strings, so a value is escaped for
 * one: a job's name cannot end the string.
 *
 * @param {string} expr
 * @param {Record<string, string>} values
 * @param {import('./time-range.js').View} view for `$__interval`, `$__rate_interval` and `$__range`
 * @returns {string}
 */
export function substituted(expr, values, view) {
  const seconds = Math.max(1, Math.round(view.step_s));
  /** @type {Record<string, string>} */
  const builtIn = {
    __interval: `${seconds}s`,
    __rate_interval: `${Math.max(60, 4 * seconds)}s`,
    __range: `${Math.max(1, Math.round(view.end_s - view.start_s))}s`,
  };
  return expr.replace(VARIABLE, (whole, braced, plain) => {
    const name = braced ?? plain;
    if (Object.hasOwn(builtIn, name)) return builtIn[name] ?? whole;
    return Object.hasOwn(values, name) ? escaped(values[name] ?? '') : whole;
  });
}

/**
 * @param {string} expr
 * @param {Record<string, string>} values
 * @returns {boolean} whether it asks for a variable that has no value
 */
export function lacksVariable(expr, values) {
  return [...expr.matchAll(VARIABLE)].some(([, braced, plain]) => {
    const name = braced ?? plain ?? '';
    return !name.startsWith('__') && !Object.hasOwn(values, name);
  });
}

/** @param {string} text */
function escaped(text) {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
