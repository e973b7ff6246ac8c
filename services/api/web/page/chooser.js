// @ts-check
import { element } from './dom.js';

/**
 * @typedef {import('./variables.js').LabelVariable} LabelVariable
 * @typedef {{ node: HTMLElement, show(values: readonly string[], chosen: string | undefined, words: Map<string, string>): void }} Chooser
 */

/**
 * One variable of the dashboard, as a select.
 *
 * @param {LabelVariable} variable
 * @param {(value: string) => void} choose
 * @returns {Chooser}
 */
export function createChooser({ name, label }, choose) {
  const select = element('select', { id: `variable-${name}` });
  select.addEventListener('change', () => choose(select.value));
  const node = element('label', { class: 'choice' }, `${label} `, select);
  let drawn = '';
  return {
    node,
    show(values, chosen, words) {
      // While the server is gone the choice stays as it was.
      if (values.length === 0 && chosen !== undefined) return;
      const missing =
        chosen === undefined || values.includes(chosen)
          ? []
          : [{ value: chosen, text: `${chosen} \u2014 unknown here` }];
      const options = values.map((value) => {
        const word = words.get(value);
        return { value, text: word === undefined ? value : `${value} \u2014 ${word}` };
      });
      options.push(...missing);
      const drawing = JSON.stringify(options);
      if (drawing !== drawn) {
        select.replaceChildren(...options.map(({ value, text }) => element('option', { value }, text)));
        drawn = drawing;
      }
      select.disabled = options.length === 0;
      if (chosen !== undefined) select.value = chosen;
    },
  };
}
