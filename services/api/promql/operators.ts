import type { SyntaxNode } from '@lezer/common';
import {
  ARITHMETIC,
  type BinaryOperator,
  COMPARISONS,
  type Expr,
  type Matching,
  type Pin,
  SET_OPERATORS,
} from './ast.ts';
import { badData, type PromError } from './errors.ts';
import { durationOrSecondsMs, numberOf } from './literals.ts';
import type { Builder } from './parse.ts';
import { childrenOf } from './syntax.ts';

/**
 * Operators, signs and modifiers in the order they are written, put together again by Prometheus's precedences
 * (`promql/parser/generated_parser.y`): modifiers first, then ^ (from the right), then signs with * / % atan2, then
 * + -, comparisons, and with unless, or.
 */
type Piece =
  | { readonly kind: 'sign'; readonly minus: boolean; readonly node: SyntaxNode }
  | { readonly kind: 'primary'; readonly node: SyntaxNode; readonly number: number | null }
  | { readonly kind: 'modifier'; readonly node: SyntaxNode }
  | { readonly kind: 'binary'; readonly node: SyntaxNode; readonly operator: BinaryOperator };

const MODIFIERS: ReadonlySet<string> = new Set([
  'OffsetExpr',
  'StepInvariantExpr',
  'MatrixSelector',
  'SubqueryExpr',
]);

export function isOperatorNode(node: SyntaxNode): boolean {
  return (
    node.name === 'BinaryExpr' ||
    node.name === 'UnaryExpr' ||
    MODIFIERS.has(node.name) ||
    node.name === 'NumberDurationLiteral'
  );
}

const PRECEDENCE: readonly (readonly string[])[] = [
  ['or'],
  ['and', 'unless'],
  [...COMPARISONS],
  ['+', '-'],
  ['*', '/', '%', 'atan2'],
  ['^'],
];
const SIGN = PRECEDENCE.findIndex((level) => level.includes('*'));
const POWER = PRECEDENCE.length - 1;

function precedenceOf(operator: BinaryOperator): number {
  return PRECEDENCE.findIndex((level) => level.includes(operator));
}

export function operatorsOf(builder: Builder, node: SyntaxNode, depth: number): Expr {
  const pieces: Piece[] = [];
  flatten(builder, node, pieces, depth);
  return new Association(builder, pieces, depth).climb(0);
}

function flatten(builder: Builder, node: SyntaxNode, pieces: Piece[], depth: number): void {
  if (depth > builder.config.nesting_max) {
    throw builder.fail(
      node,
      `expression nests deeper than ${builder.config.nesting_max} (config promql.nesting_max)`,
    );
  }
  // A chain of operators is a tree that leans left: walked down in a loop, for it may be long without being nested.
  const spine: SyntaxNode[] = [];
  let leftmost = node;
  while (leftmost.name === 'BinaryExpr' || MODIFIERS.has(leftmost.name)) {
    spine.push(leftmost);
    leftmost = builder.only(leftmost);
  }
  flattenOperand(builder, leftmost, pieces, depth);
  for (const outer of spine.reverse()) {
    builder.count(outer);
    const [, operator, ...rest] = childrenOf(outer);
    if (outer.name !== 'BinaryExpr') {
      pieces.push({ kind: 'modifier', node: outer });
    } else if (operator !== undefined) {
      pieces.push({ kind: 'binary', node: outer, operator: operatorOf(builder, operator) });
      flatten(builder, rest.at(-1) ?? operator, pieces, depth + 1);
    }
  }
}

function flattenOperand(builder: Builder, node: SyntaxNode, pieces: Piece[], depth: number): void {
  const [sign, operand] = childrenOf(node);
  if (node.name === 'UnaryExpr' && sign !== undefined && operand !== undefined) {
    pieces.push({ kind: 'sign', minus: builder.slice(sign) === '-', node });
    flatten(builder, operand, pieces, depth + 1);
  } else if (node.name === 'NumberDurationLiteral') {
    const text = builder.slice(node);
    const written = /^([+-])\s*/.exec(text);
    if (written !== null) pieces.push({ kind: 'sign', minus: written[1] === '-', node });
    const number = numberOf(text.slice(written?.[0].length ?? 0));
    pieces.push({ kind: 'primary', node, number });
  } else {
    pieces.push({ kind: 'primary', node, number: null });
  }
}

function operatorOf(builder: Builder, node: SyntaxNode): BinaryOperator {
  const text = builder.slice(node).toLowerCase();
  const known = [...ARITHMETIC, ...COMPARISONS, ...SET_OPERATORS].find((operator) => operator === text);
  if (known === undefined) throw builder.fail(node, `operator ${JSON.stringify(text)} is not supported`);
  return known;
}

class Association {
  readonly #builder: Builder;
  readonly #pieces: readonly Piece[];
  readonly #depth: number;
  #at = 0;

  constructor(builder: Builder, pieces: readonly Piece[], depth: number) {
    this.#builder = builder;
    this.#pieces = pieces;
    this.#depth = depth;
  }

  /** The longest expression from here whose operators bind at least as close as `lowest`. */
  climb(lowest: number): Expr {
    let left = this.#operand();
    for (;;) {
      const piece = this.#pieces[this.#at];
      if (piece?.kind !== 'binary') return left;
      const level = precedenceOf(piece.operator);
      if (level < lowest) return left;
      this.#at++;
      const right = this.climb(level === POWER ? level : level + 1);
      left = this.#binary(piece.node, piece.operator, left, right);
    }
  }

  #operand(): Expr {
    const piece = this.#pieces[this.#at++];
    if (piece === undefined || piece.kind === 'binary' || piece.kind === 'modifier') {
      throw badData('an operator without an operand');
    }
    if (piece.kind === 'sign') {
      const operand = this.climb(SIGN + 1);
      const range = { from: piece.node.from, to: operand.range.to };
      if (!piece.minus) return operand;
      return operand.kind === 'number'
        ? { ...operand, value: -operand.value, range }
        : { kind: 'negation', expr: operand, range };
    }
    const { node, number } = piece;
    let expr: Expr =
      number === null
        ? this.#builder.primary(node, this.#depth + 1)
        : { kind: 'number', value: number, range: { from: node.from, to: node.to } };
    for (;;) {
      const next = this.#pieces[this.#at];
      if (next?.kind !== 'modifier') return expr;
      this.#at++;
      expr = modified(this.#builder, next.node, expr);
    }
  }

  #binary(node: SyntaxNode, operator: BinaryOperator, left: Expr, right: Expr): Expr {
    const fill = node.getChild('FillModifier');
    if (fill !== null) throw this.#builder.fail(fill, 'modifier "fill" is not supported');
    const clause = node.getChild('MatchingModifierClause');
    return {
      kind: 'binary',
      operator,
      left,
      right,
      bool: node.getChild('BoolModifier') !== null,
      matching: clause === null ? null : matchingOf(this.#builder, clause),
      range: { from: left.range.from, to: right.range.to },
    };
  }
}

function matchingOf(builder: Builder, clause: SyntaxNode): Matching {
  const [labels, include] = clause.getChildren('GroupingLabels');
  const left = clause.getChild('GroupLeft') !== null;
  const right = clause.getChild('GroupRight') !== null;
  return {
    on: clause.getChild('On') !== null,
    labels: builder.labelNames(labels ?? null),
    many: left ? 'left' : right ? 'right' : null,
    include: builder.labelNames(include ?? null),
  };
}

/** `[5m]`, `[5m:1m]`, `offset 5m` or `@ t` on the expression before it. */
function modified(builder: Builder, node: SyntaxNode, expr: Expr): Expr {
  const range = { from: expr.range.from, to: node.to };
  switch (node.name) {
    case 'OffsetExpr':
      return withOffset(builder, node, expr, range);
    case 'StepInvariantExpr':
      return withPin(builder, node, expr, range);
    case 'MatrixSelector': {
      if (expr.kind !== 'selector')
        throw builder.fail(expr.range, 'ranges only allowed for vector selectors');
      if (expr.offset_ms !== 0) throw builder.fail(expr.range, 'no offset modifiers allowed before range');
      if (expr.pin !== null) throw builder.fail(expr.range, 'no @ modifiers allowed before range');
      const [duration] = node.getChildren('DurationExpr');
      return { kind: 'range_selector', selector: expr, window_ms: positive(builder, duration, node), range };
    }
    default: {
      const [window, step] = node.getChildren('DurationExpr');
      return {
        kind: 'subquery',
        expr,
        window_ms: positive(builder, window, node),
        step_ms: step === undefined ? null : positive(builder, step, node),
        offset_ms: 0,
        pin: null,
        range,
      };
    }
  }
}

function positive(builder: Builder, node: SyntaxNode | undefined, outer: SyntaxNode): number {
  const ms = node === undefined ? 0 : lengthOf(builder, node);
  if (ms <= 0) throw builder.fail(node ?? outer, 'duration must be greater than 0');
  return ms;
}

/** A plain length; arithmetic on durations and `step()` within them are refused. */
function lengthOf(builder: Builder, node: SyntaxNode): number {
  const [only, ...more] = childrenOf(node);
  if (only?.name !== 'NumberDurationLiteralInDurationContext' || more.length > 0) {
    throw builder.fail(node, 'arithmetic on durations is not supported');
  }
  return durationOrSecondsMs(builder.slice(only));
}

function offsetOf(builder: Builder, node: SyntaxNode): number {
  const [sign, inner] = childrenOf(node);
  if (sign?.name !== 'UnaryOp' || inner === undefined) return lengthOf(builder, node);
  return builder.slice(sign) === '-' ? -offsetOf(builder, inner) : offsetOf(builder, inner);
}

const NOT_A_SELECTOR =
  'must be preceded by an instant vector selector or range vector selector or a subquery';

function withOffset(builder: Builder, node: SyntaxNode, expr: Expr, range: Expr['range']): Expr {
  const written = node.getChild('OffsetDurationExpr');
  const offset_ms = written === null ? 0 : offsetOf(builder, written);
  const twice = (): PromError => builder.fail(expr.range, 'offset may not be set multiple times');
  switch (expr.kind) {
    case 'selector':
    case 'subquery':
      if (expr.offset_ms !== 0) throw twice();
      return { ...expr, offset_ms, range };
    case 'range_selector':
      if (expr.selector.offset_ms !== 0) throw twice();
      return { ...expr, selector: { ...expr.selector, offset_ms }, range };
    default:
      throw builder.fail(expr.range, `offset modifier ${NOT_A_SELECTOR}`);
  }
}

function withPin(builder: Builder, node: SyntaxNode, expr: Expr, range: Expr['range']): Expr {
  const pin = pinOf(builder, node);
  const twice = (): PromError => builder.fail(expr.range, '@ <timestamp> may not be set multiple times');
  switch (expr.kind) {
    case 'selector':
    case 'subquery':
      if (expr.pin !== null) throw twice();
      return { ...expr, pin, range };
    case 'range_selector':
      if (expr.selector.pin !== null) throw twice();
      return { ...expr, selector: { ...expr.selector, pin }, range };
    default:
      throw builder.fail(expr.range, `@ modifier ${NOT_A_SELECTOR}`);
  }
}

function pinOf(builder: Builder, node: SyntaxNode): Pin {
  const ends = node.getChild('AtModifierPreprocessors');
  if (ends !== null) return ends.getChild('AtStart') !== null ? 'start' : 'end';
  const literal = node.getChild('NumberDurationLiteral', 'At');
  const text = literal === null ? '' : builder.slice(literal);
  const sign = /^([+-])\s*/.exec(text);
  const seconds = numberOf(text.slice(sign?.[0].length ?? 0)) * (sign?.[1] === '-' ? -1 : 1);
  if (!Number.isFinite(seconds)) throw builder.fail(node, `timestamp out of bounds for @ modifier: ${text}`);
  return Math.round(seconds * 1000);
}
