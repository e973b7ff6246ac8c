import type { SyntaxNode } from '@lezer/common';
import { ParseFailure } from './errors.ts';

/** An error at an offset of the text, in Prometheus's words. */
export function failure(text: string, at: number, message: string): ParseFailure {
  const before = text.slice(0, at).split('\n');
  return new ParseFailure(`${before.length}:${(before.at(-1) ?? '').length + 1}: parse error: ${message}`);
}

export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== 'LineComment') children.push(child);
  }
  return children;
}
