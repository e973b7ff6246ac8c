import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

/** One selector of an expression: a metric and the labels it is narrowed by. */
export interface SelectorUse {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
}

/** Texts the official PromQL grammar cannot read, with where they begin; empty for a sound expression. */
export function syntaxErrors(expr: string): readonly string[] {
  const errors: string[] = [];
  parser.parse(expr).iterate({
    enter({ type, from, to }) {
      if (type.isError) errors.push(`${from}: ${JSON.stringify(expr.slice(from, to + 10))}`);
    },
  });
  return errors;
}

export function selectorsOf(expr: string): readonly SelectorUse[] {
  const found: SelectorUse[] = [];
  parser.parse(expr).iterate({
    enter({ name, node }) {
      if (name === 'VectorSelector') found.push(selectorOf(expr, node));
    },
  });
  return found;
}

function selectorOf(expr: string, node: SyntaxNode): SelectorUse {
  const text = (one: SyntaxNode | null) => (one === null ? '' : expr.slice(one.from, one.to));
  const matchers = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
  return {
    metric: text(node.getChild('Identifier')),
    matchers: matchers.map((matcher) => ({
      label: text(matcher.getChild('LabelName')),
      operator: text(matcher.getChild('MatchOp')),
      value: text(matcher.getChild('StringLiteral')).slice(1, -1),
    })),
  };
}
