// @ts-check

const SPACINGS_S = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800,
  604_800,
];

/** Share of the width that half a mark takes. */
const EDGE = 0.025;

const SECONDS = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const MINUTES = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const DAYS = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/**
 * Text of a mark on a time axis: as exact as the spacing of the marks asks for. Midnight is a date.
 *
 * @param {number} at_s
 * @param {number} spacing_s
 */
export function axisText(at_s, spacing_s) {
  const at = new Date(at_s * 1000);
  if (spacing_s < 60) return SECONDS.format(at);
  const midnight = at.getHours() === 0 && at.getMinutes() === 0;
  return midnight || spacing_s >= 86_400 ? DAYS.format(at) : MINUTES.format(at);
}

/**
 * Marks on round times of the local day.
 *
 * @param {import('./time-range.js').View} view
 * @param {number} count at most so many
 * @returns {{ at_s: number, text: string }[]}
 */
export function axisMoments({ start_s, end_s }, count) {
  const length_s = end_s - start_s;
  const spacing_s = SPACINGS_S.find((spacing) => length_s / spacing <= count) ?? length_s / count;
  const offset_s = new Date(start_s * 1000).getTimezoneOffset() * 60;
  const first_s = Math.ceil((start_s - offset_s) / spacing_s) * spacing_s + offset_s;
  // A mark at the very edge would be cut, or lie on the marks of the other axis.
  const edge_s = length_s * EDGE;
  const moments = [];
  for (let at_s = first_s; at_s <= end_s - edge_s; at_s += spacing_s) {
    if (at_s >= start_s + edge_s) moments.push({ at_s, text: axisText(at_s, spacing_s) });
  }
  return moments;
}
