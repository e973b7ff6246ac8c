// @ts-check
import { element } from './dom.js';

/**
 * A text panel: paragraphs, headings and lists of its Markdown, as text. Marks inside a line are shown as they are.
 *
 * @param {import('../../../../dashboards/src/panel.ts').TextPanel} panel
 * @param {HTMLElement} body
 */
export function createText({ options }, body) {
  const blocks = options.content.split(/\n{2,}/).filter((block) => block.trim() !== '');
  body.replaceChildren(element('div', { class: 'prose' }, ...blocks.map(blockNode)));
}

/**
 * @param {string} block
 * @returns {Node}
 */
function blockNode(block) {
  const heading = /^#{1,4} (.*)$/.exec(block.trim());
  if (heading !== null) return element('h3', {}, heading[1] ?? '');
  const lines = block.split('\n');
  if (lines.every((line) => /^[-*] /.test(line))) {
    return element('ul', {}, ...lines.map((line) => element('li', {}, line.slice(2))));
  }
  return element('p', {}, lines.join(' '));
}
