import type { SyntaxNode, Tree } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { AGGREGATIONS, type AggregationName, type Expr, type Matcher, type Selector } from './ast.ts';
import { checkTypes } from './check-types.ts';
import type { PromqlConfig } from './config.ts';
import { badData, ParseFailure, PromError } from './errors.ts';
import { SIGNATURES } from './functions.ts';
import { numberOf, unquote } from './literals.ts';
import { matcherOf, nameMatcher } from './matcher.ts';
import { isOperatorNode, operatorsOf } from './operators.ts';
import { childrenOf, failure } from './syntax.ts';

/**
 * PromQL text to its expression tree, checked for types. Prometheus's own grammar splits the text; what it accepts and
 * this door does not evaluate is refused by name.
 *
 * Throws `bad_data` with line and column: `1:5: parse error: ...`.
 */
export function parseQuery(text: string, config: PromqlConfig): Expr {
  if (text.length > config.query_length_max) {
    throw badData(
      `query of ${text.length} characters; the limit is ${config.query_length_max} (config promql.query_length_max)`,
    );
  }
  const tree = treeOf(text, config);
  refuseErrors(tree, text);
  const top = tree.topNode.firstChild;
  const first = top?.name === 'LineComment' ? (childrenOf(tree.topNode)[0] ?? null) : top;
  if (first === null) throw failure(text, 0, 'no expression found in input');
  return checkTypes(new Builder(text, config).build(first, 0), (at, message) => failure(text, at, message));
}

/** `match[]` of the metadata routes: an instant selector and nothing around it. */
export function parseSelector(text: string, config: PromqlConfig): readonly Matcher[] {
  const expr = parseQuery(text, config);
  if (expr.kind !== 'selector' || expr.offset_ms !== 0 || expr.pin !== null) {
    throw badData(`${JSON.stringify(text)} is not a series selector`);
  }
  return expr.matchers;
}

/** The grammar's library descends by recursion: a text may be too deep for it before our own limit can be asked. */
function treeOf(text: string, config: PromqlConfig): Tree {
  try {
    return parser.parse(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw badData(
      `expression nests far deeper than ${config.nesting_max} (config promql.nesting_max), or is a chain of too many terms`,
    );
  }
}

function refuseErrors(tree: Tree, text: string): void {
  let at: number | null = null;
  tree.iterate({
    enter: (node) => {
      if (node.type.isError && (at === null || node.from < at)) at = node.from;
    },
  });
  if (at === null) return;
  const rest = text.slice(at);
  const called = /([a-zA-Z_:][a-zA-Z0-9_:]*)\s*$/.exec(text.slice(0, at));
  if (called !== null && rest.startsWith('(')) {
    throw failure(text, called.index, `unknown function with name ${JSON.stringify(called[1])}`);
  }
  const token = /^\s*([a-zA-Z0-9_:.]+|\S)/.exec(rest)?.[1];
  throw failure(
    text,
    at,
    token === undefined ? 'unexpected end of input' : `unexpected ${JSON.stringify(token)}`,
  );
}

/** Names of nodes that the grammar knows and this door does not evaluate. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  AnchoredExpr: 'modifier "anchored"',
  SmoothedExpr: 'modifier "smoothed"',
};

export class Builder {
  readonly text: string;
  readonly config: PromqlConfig;
  #parts = 0;

  constructor(text: string, config: PromqlConfig) {
    this.text = text;
    this.config = config;
  }

  build(node: SyntaxNode, depth: number): Expr {
    if (depth > this.config.nesting_max) {
      throw this.fail(
        node,
        `expression nests deeper than ${this.config.nesting_max} (config promql.nesting_max)`,
      );
    }
    this.count(node);
    // Operators and modifiers are re-associated: the grammar here binds [..], offset and @ looser than arithmetic, and
    // a sign closer than ^, both unlike Prometheus itself.
    if (isOperatorNode(node)) return operatorsOf(this, node, depth);
    return this.primary(node, depth);
  }

  primary(node: SyntaxNode, depth: number): Expr {
    const range = { from: node.from, to: node.to };
    switch (node.name) {
      case 'ParenExpr':
        return this.build(this.only(node), depth + 1);
      case 'StringLiteral':
        return { kind: 'string', value: this.string(node), range };
      case 'NumberDurationLiteral':
        return { kind: 'number', value: this.number(node), range };
      case 'VectorSelector':
        return this.#selector(node);
      case 'FunctionCall':
        return this.#call(node, depth);
      case 'AggregateExpr':
        return this.#aggregation(node, depth);
      default:
        throw this.fail(node, `${UNSUPPORTED[node.name] ?? node.name} is not supported`);
    }
  }

  /** Each operand and operator counts: what recurses over the tree must not run out of stack. */
  count(node: SyntaxNode): void {
    this.#parts++;
    if (this.#parts > this.config.parts_max) {
      throw this.fail(
        node,
        `expression of more than ${this.config.parts_max} parts (config promql.parts_max)`,
      );
    }
  }

  slice(node: SyntaxNode): string {
    return this.text.slice(node.from, node.to);
  }

  fail(node: { readonly from: number }, message: string): PromError {
    return failure(this.text, node.from, message);
  }

  string(node: SyntaxNode): string {
    return this.#located(node, () => unquote(this.slice(node)));
  }

  number(node: SyntaxNode): number {
    return this.#located(node, () => numberOf(this.slice(node)));
  }

  /** Label names of `by (...)`, `on (...)`. */
  labelNames(node: SyntaxNode | null): string[] {
    if (node === null) return [];
    return childrenOf(node).map((child) => {
      const literal = child.name === 'QuotedLabelName' ? child.firstChild : null;
      return literal === null ? this.slice(child) : this.string(literal);
    });
  }

  only(node: SyntaxNode): SyntaxNode {
    const child = childrenOf(node)[0];
    if (child === undefined) throw this.fail(node, 'unexpected end of input');
    return child;
  }

  #located<T>(node: SyntaxNode, read: () => T): T {
    try {
      return read();
    } catch (cause) {
      if (cause instanceof PromError && !(cause instanceof ParseFailure))
        throw this.fail(node, cause.message);
      throw cause;
    }
  }

  #selector(node: SyntaxNode): Selector {
    const matchers: Matcher[] = [];
    const identifier = node.getChild('Identifier');
    let name = identifier === null ? null : this.slice(identifier);
    const list = node.getChild('LabelMatchers');
    for (const child of list === null ? [] : childrenOf(list)) {
      if (child.name === 'QuotedLabelName') {
        if (name !== null)
          throw this.fail(node, `metric name must not be set twice: ${JSON.stringify(name)}`);
        name = this.string(this.only(child));
        continue;
      }
      matchers.push(this.#located(child, () => this.#matcher(child)));
    }
    if (name !== null) {
      if (matchers.some((matcher) => matcher.name === '__name__')) {
        throw this.fail(
          node,
          `metric name must not be set twice: ${JSON.stringify(name)} and a matcher of __name__`,
        );
      }
      matchers.push(nameMatcher(name));
    } else if (!matchers.some(refusesEmpty)) {
      throw this.fail(node, 'vector selector must contain at least one non-empty matcher');
    }
    return { kind: 'selector', matchers, offset_ms: 0, pin: null, range: { from: node.from, to: node.to } };
  }

  #matcher(node: SyntaxNode): Matcher {
    const [name, operator, value] = childrenOf(node);
    if (name === undefined || operator === undefined || value === undefined) {
      throw badData('a label matcher needs a name, an operator and a quoted value');
    }
    const label = name.name === 'QuotedLabelName' ? this.string(this.only(name)) : this.slice(name);
    return matcherOf(label, this.slice(operator), this.string(value), this.config.regex_length_max);
  }

  #call(node: SyntaxNode, depth: number): Expr {
    const [identifier, body] = childrenOf(node);
    const name = identifier === undefined ? '' : this.slice(identifier);
    if (!SIGNATURES.has(name)) throw this.fail(node, `function ${JSON.stringify(name)} is not supported`);
    const args = body === undefined ? [] : childrenOf(body).map((arg) => this.build(arg, depth + 1));
    return { kind: 'call', name, args, range: { from: node.from, to: node.to } };
  }

  #aggregation(node: SyntaxNode, depth: number): Expr {
    const operator = node.getChild('AggregateOp');
    const written = operator === null ? '' : this.slice(operator).toLowerCase();
    const name = AGGREGATIONS.find((known) => known === written);
    if (name === undefined) throw this.fail(node, `aggregation ${JSON.stringify(written)} is not supported`);
    const body = node.getChild('FunctionCallBody');
    const args = body === null ? [] : childrenOf(body);
    const wanted = PARAMETERIZED.has(name) ? 2 : 1;
    if (args.length !== wanted) {
      throw this.fail(
        node,
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
      );
    }
    const [first, second] = args.map((arg) => this.build(arg, depth + 1));
    const expr = second ?? first;
    if (expr === undefined) throw this.fail(node, 'no arguments for aggregate expression provided');
    const modifier = node.getChild('AggregateModifier');
    return {
      kind: 'aggregation',
      name,
      expr,
      parameter: second === undefined ? null : (first ?? null),
      without: modifier !== null && modifier.getChild('Without') !== null,
      labels: this.labelNames(modifier?.getChild('GroupingLabels') ?? null),
      range: { from: node.from, to: node.to },
    };
  }
}

export const PARAMETERIZED: ReadonlySet<AggregationName> = new Set([
  'topk',
  'bottomk',
  'quantile',
  'count_values',
]);

function refusesEmpty({ operator, value, regex }: Matcher): boolean {
  if (operator === '=') return value !== '';
  if (operator === '!=') return value === '';
  return regex !== null && regex.test('') === (operator === '!~');
}
