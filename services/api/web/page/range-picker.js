// @ts-check
import { element } from './dom.js';
import { PRESETS } from './time-range.js';
import { formatMoment } from './units.js';

/**
 * @typedef {import('./time-range.js').RangeChoice} RangeChoice
 * @typedef {{ show(choice: RangeChoice, view: import('./time-range.js').View, runKnown: boolean): void }} RangePicker
 */

/**
 * Buttons for the usual ranges, the whole run of the job, and two fields for any other.
 *
 * @param {HTMLElement} node
 * @param {(choice: RangeChoice) => void} choose
 * @returns {RangePicker}
 */
export function createRangePicker(node, choose) {
  const choices = [...PRESETS, /** @type {const} */ (['run', 'Whole run'])];
  const buttons = choices.map(([from, title]) => {
    const button = element('button', { type: 'button', 'data-from': from, 'aria-pressed': 'false' }, title);
    button.addEventListener('click', () => choose({ from, to: 'now' }));
    return button;
  });
  const custom = customFields(choose);
  node.append(...buttons, custom.node);
  return {
    show(choice, view, runKnown) {
      for (const button of buttons) {
        const pressed = choice.to === 'now' && button.dataset['from'] === choice.from;
        button.setAttribute('aria-pressed', String(pressed));
        if (button.dataset['from'] === 'run') button.disabled = !runKnown;
      }
      const usual = choice.to === 'now' && choices.some(([from]) => from === choice.from);
      custom.show(usual, view);
    },
  };
}

/** @param {(choice: RangeChoice) => void} choose */
function customFields(choose) {
  const from = element('input', { type: 'datetime-local', step: '1' });
  const to = element('input', { type: 'datetime-local', step: '1' });
  const apply = element('button', { type: 'button' }, 'Apply');
  const summary = element('summary', {}, 'Custom');
  const fields = element(
    'div',
    { class: 'custom-fields' },
    element('label', {}, 'From ', from),
    element('label', {}, 'To ', to),
    apply,
  );
  const node = element('details', { class: 'custom' }, summary, fields);
  apply.addEventListener('click', () => {
    const times = [from, to].map((field) => new Date(field.value).getTime());
    const [from_ms = Number.NaN, to_ms = Number.NaN] = times;
    const valid = to_ms > from_ms;
    to.setCustomValidity(valid ? '' : 'The end must be after the begin.');
    to.reportValidity();
    if (!valid) return;
    node.open = false;
    choose({ from: String(from_ms), to: String(to_ms) });
  });
  node.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') node.open = false;
  });
  return {
    node,
    /** @type {(usual: boolean, view: import('./time-range.js').View) => void} */
    show(usual, { start_s, end_s, live }) {
      // Of a time that is over, the marks of the axes say the hour only.
      summary.textContent =
        usual && live ? 'Custom' : `${formatMoment(start_s)} \u2013 ${formatMoment(end_s)}`;
      summary.classList.toggle('pressed', !usual);
      // Somebody may be typing.
      if (node.open) return;
      from.value = localText(start_s);
      to.value = localText(end_s);
    },
  };
}

/**
 * The local time as a `datetime-local` field wants it.
 *
 * @param {number} at_s
 */
function localText(at_s) {
  const at = new Date(at_s * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
