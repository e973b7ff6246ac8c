// @ts-check

/** Colours of the chart lines: told apart by people who do not see red and green, on white and on near-black. */
const SERIES_LIGHT = ['#1f6fd1', '#c25e00', '#00796b', '#8e44ad', '#b8860b', '#c2185b', '#4a5a6a', '#2e7d32'];
const SERIES_DARK = ['#5aa7ff', '#f2a03d', '#3fc1ac', '#c08bf0', '#e3c443', '#ff7fa8', '#a9b6c4', '#7ccf7f'];

const DARK = matchMedia('(prefers-color-scheme: dark)');

/** @returns {'dark' | 'light'} */
export function themeName() {
  return DARK.matches ? 'dark' : 'light';
}

/** @param {() => void} listener */
export function onThemeChange(listener) {
  DARK.addEventListener('change', listener);
}

/** @param {number} index */
export function seriesColor(index) {
  const colors = DARK.matches ? SERIES_DARK : SERIES_LIGHT;
  return colors[index % colors.length] ?? '#888888';
}

/** Colours of what is drawn on a canvas, which knows no style sheet. */
export function chartColors() {
  return DARK.matches ? { text: '#94a1b1', grid: '#242d38' } : { text: '#5b6878', grid: '#e6eaef' };
}
