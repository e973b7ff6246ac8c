// @ts-check

/** @typedef {string | Node | null} Child */

/**
 * Builds an element. Strings become text nodes and never markup, so that no label of a log or a metric can run here.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string>} attributes set by name; never built from data
 * @param {...Child} children null is left out
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  for (const child of children) if (child !== null) node.append(child);
  return node;
}

/**
 * An element of `index.html`.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const node = document.getElementById(id);
  if (node === null) throw new Error(`The page has no element #${id}.`);
  return node;
}

/**
 * @param {string} id
 * @returns {HTMLSelectElement}
 */
export function selectById(id) {
  const node = byId(id);
  if (node instanceof HTMLSelectElement) return node;
  throw new Error(`#${id} is not a select.`);
}

/**
 * Sets the text only where it differs: a selection and a screen reader are not disturbed by a refresh.
 *
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
