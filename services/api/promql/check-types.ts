import {
  type Aggregation,
  type Binary,
  type Call,
  type Expr,
  isComparison,
  isSetOperator,
  type ValueType,
} from './ast.ts';
import type { PromError } from './errors.ts';
import { SIGNATURES } from './functions.ts';

type Fail = (at: number, message: string) => PromError;

/** The type an expression evaluates to. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'selector':
    case 'aggregation':
      return 'instant vector';
    case 'range_selector':
    case 'subquery':
      return 'range vector';
    case 'negation':
      return typeOf(expr.expr);
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'instant vector';
    case 'call':
      return SIGNATURES.get(expr.name)?.returns ?? 'instant vector';
  }
}

/** Refuses what Prometheus refuses when it parses: wrong types, wrong counts, matching that cannot be. Returns `expr`. */
export function checkTypes(expr: Expr, fail: Fail): Expr {
  switch (expr.kind) {
    case 'negation':
      checkTypes(expr.expr, fail);
      if (typeOf(expr.expr) !== 'scalar' && typeOf(expr.expr) !== 'instant vector') {
        throw fail(
          expr.range.from,
          `unary expression only allowed on expressions of type scalar or instant vector, got "${typeOf(expr.expr)}"`,
        );
      }
      break;
    case 'subquery':
      checkTypes(expr.expr, fail);
      if (typeOf(expr.expr) !== 'instant vector') {
        throw fail(
          expr.range.from,
          `subquery is only allowed on instant vector, got ${typeOf(expr.expr)} instead`,
        );
      }
      break;
    case 'aggregation':
      checkAggregation(expr, fail);
      break;
    case 'call':
      checkCall(expr, fail);
      break;
    case 'binary':
      checkBinary(expr, fail);
      break;
    default:
      break;
  }
  return expr;
}

function expectType(expr: Expr, want: ValueType, where: string, fail: Fail): void {
  checkTypes(expr, fail);
  const got = typeOf(expr);
  if (got !== want) throw fail(expr.range.from, `expected type ${want} in ${where}, got ${got}`);
}

function checkAggregation({ name, expr, parameter }: Aggregation, fail: Fail): void {
  expectType(expr, 'instant vector', 'aggregation expression', fail);
  if (parameter === null) return;
  expectType(parameter, name === 'count_values' ? 'string' : 'scalar', 'aggregation parameter', fail);
}

function checkCall({ name, args, range }: Call, fail: Fail): void {
  const signature = SIGNATURES.get(name);
  if (signature === undefined) throw fail(range.from, `function ${JSON.stringify(name)} is not supported`);
  const least = signature.args.length - signature.optional;
  const most = signature.repeats ? Number.POSITIVE_INFINITY : signature.args.length;
  if (args.length < least || args.length > most) {
    const bound = args.length < least ? 'at least ' : 'at most ';
    const count = args.length < least ? least : most;
    const exact = least === most ? '' : bound;
    throw fail(
      range.from,
      `expected ${exact}${count} argument(s) in call to ${JSON.stringify(name)}, got ${args.length}`,
    );
  }
  for (const [index, arg] of args.entries()) {
    const want = signature.args[Math.min(index, signature.args.length - 1)];
    if (want !== undefined) expectType(arg, want, `call to function ${JSON.stringify(name)}`, fail);
  }
}

function checkBinary(expr: Binary, fail: Fail): void {
  const { operator, left, right, bool, matching, range } = expr;
  checkTypes(left, fail);
  checkTypes(right, fail);
  const types = [typeOf(left), typeOf(right)];
  const between = left.range.to;
  if (types.some((type) => type !== 'scalar' && type !== 'instant vector')) {
    throw fail(range.from, 'binary expression must contain only scalar and instant vector types');
  }
  if (bool && !isComparison(operator))
    throw fail(between, 'bool modifier can only be used on comparison operators');
  const scalars = types.filter((type) => type === 'scalar').length;
  if (isComparison(operator) && !bool && scalars === 2) {
    throw fail(between, 'comparisons between scalars must use BOOL modifier');
  }
  if (isSetOperator(operator) && scalars > 0) {
    throw fail(range.from, `set operator "${operator}" not allowed in binary scalar expression`);
  }
  if (matching === null) return;
  if (scalars > 0) {
    if (matching.labels.length > 0) {
      throw fail(range.from, 'vector matching only allowed between instant vectors');
    }
    return;
  }
  if (isSetOperator(operator) && matching.many !== null) {
    throw fail(range.from, `no grouping allowed for "${operator}" operation`);
  }
  const both = matching.on ? matching.labels.find((label) => matching.include.includes(label)) : undefined;
  if (both !== undefined) {
    throw fail(between, `label ${JSON.stringify(both)} must not occur in ON and GROUP clause at once`);
  }
}
