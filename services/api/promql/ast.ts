/** The expression tree of PromQL: what the evaluator takes. Parentheses and signs are resolved; times are milliseconds. */

export type MatchOperator = '=' | '!=' | '=~' | '!~';

export interface Matcher {
  readonly name: string;
  readonly operator: MatchOperator;
  /** The text compared with, or the pattern in RE2 syntax, which matches whole values. */
  readonly value: string;
  /** The pattern as this process runs it; null for `=` and `!=`. */
  readonly regex: RegExp | null;
}

/** A place in the query text: offsets from its start. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Where `@` pins a selector: a time in milliseconds, or an end of the queried range. */
export type Pin = number | 'start' | 'end' | null;

export interface NumberLiteral {
  readonly kind: 'number';
  readonly value: number;
  readonly range: Range;
}

export interface StringLiteral {
  readonly kind: 'string';
  readonly value: string;
  readonly range: Range;
}

export interface Selector {
  readonly kind: 'selector';
  readonly matchers: readonly Matcher[];
  readonly offset_ms: number;
  readonly pin: Pin;
  readonly range: Range;
}

export interface RangeSelector {
  readonly kind: 'range_selector';
  readonly selector: Selector;
  readonly window_ms: number;
  readonly range: Range;
}

export interface Subquery {
  readonly kind: 'subquery';
  readonly expr: Expr;
  readonly window_ms: number;
  /** Null: the configured default. */
  readonly step_ms: number | null;
  readonly offset_ms: number;
  readonly pin: Pin;
  readonly range: Range;
}

export interface Negation {
  readonly kind: 'negation';
  readonly expr: Expr;
  readonly range: Range;
}

export const ARITHMETIC = ['+', '-', '*', '/', '%', '^', 'atan2'] as const;
export const COMPARISONS = ['==', '!=', '>', '<', '>=', '<='] as const;
export const SET_OPERATORS = ['and', 'or', 'unless'] as const;
export type Arithmetic = (typeof ARITHMETIC)[number];
export type Comparison = (typeof COMPARISONS)[number];
export type SetOperator = (typeof SET_OPERATORS)[number];
export type BinaryOperator = Arithmetic | Comparison | SetOperator;

export function isComparison(operator: BinaryOperator): operator is Comparison {
  return (COMPARISONS as readonly string[]).includes(operator);
}

export function isSetOperator(operator: BinaryOperator): operator is SetOperator {
  return (SET_OPERATORS as readonly string[]).includes(operator);
}

export interface Matching {
  /** True: match `on` these labels; false: on all but these. */
  readonly on: boolean;
  readonly labels: readonly string[];
  /** Which side may have several series for each of the other's; null: one to one. */
  readonly many: 'left' | 'right' | null;
  /** Labels of the "one" side that the result takes. */
  readonly include: readonly string[];
}

export interface Binary {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expr;
  readonly right: Expr;
  readonly bool: boolean;
  /** Null when the query wrote no matching clause. */
  readonly matching: Matching | null;
  readonly range: Range;
}

export interface Call {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expr[];
  readonly range: Range;
}

export const AGGREGATIONS = [
  'sum',
  'avg',
  'min',
  'max',
  'count',
  'group',
  'stddev',
  'stdvar',
  'quantile',
  'topk',
  'bottomk',
  'count_values',
] as const;
export type AggregationName = (typeof AGGREGATIONS)[number];

export interface Aggregation {
  readonly kind: 'aggregation';
  readonly name: AggregationName;
  readonly expr: Expr;
  readonly parameter: Expr | null;
  readonly without: boolean;
  readonly labels: readonly string[];
  readonly range: Range;
}

export type Expr =
  | NumberLiteral
  | StringLiteral
  | Selector
  | RangeSelector
  | Subquery
  | Negation
  | Binary
  | Call
  | Aggregation;

export type ValueType = 'scalar' | 'string' | 'instant vector' | 'range vector';
