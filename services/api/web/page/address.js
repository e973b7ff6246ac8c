// @ts-check

/** What the address of the page says, so that a link shows another person the same view. */

/**
 * @typedef {import('./time-range.js').RangeChoice} RangeChoice
 *
 * `range` is null where nobody chose one; variables are by name.
 * @typedef {{ dashboard: string | null, range: RangeChoice | null, variables: Record<string, string> }} Address
 */

const OWN = new Set(['dashboard', 'from', 'to']);

/**
 * @param {string} search
 * @returns {Address}
 */
export function readAddress(search) {
  const parameters = new URLSearchParams(search);
  const from = parameters.get('from');
  const variables = Object.fromEntries(
    [...parameters]
      .filter(([name]) => !OWN.has(name))
      .map(([name, value]) => [name.replace(/^var-/, ''), value]),
  );
  return {
    dashboard: parameters.get('dashboard'),
    range: from === null ? null : { from, to: parameters.get('to') ?? 'now' },
    variables,
  };
}

/**
 * @param {Address} address
 * @returns {string} `?...`, or `.` when there is nothing to say
 */
export function writeAddress({ dashboard, range, variables }) {
  const parameters = new URLSearchParams();
  if (dashboard !== null) parameters.set('dashboard', dashboard);
  for (const [name, value] of Object.entries(variables)) parameters.set(name, value);
  if (range !== null) {
    parameters.set('from', range.from);
    if (range.to !== 'now') parameters.set('to', range.to);
  }
  const text = parameters.toString();
  return text === '' ? '.' : `?${text}`;
}
