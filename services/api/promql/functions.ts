import type { ValueType } from './ast.ts';

export interface Signature {
  readonly args: readonly ValueType[];
  /** How many of the last arguments may be left out. */
  readonly optional: number;
  /** The last argument may be repeated. */
  readonly repeats: boolean;
  readonly returns: ValueType;
}

const VECTOR: ValueType = 'instant vector';
const RANGE: ValueType = 'range vector';

const returnsVector = (...args: ValueType[]): Signature => ({
  args,
  optional: 0,
  repeats: false,
  returns: VECTOR,
});
const returnsScalar = (...args: ValueType[]): Signature => ({ ...returnsVector(...args), returns: 'scalar' });
const lastOptional = (signature: Signature): Signature => ({ ...signature, optional: 1 });

function each(names: string, signature: Signature): [string, Signature][] {
  return names.split(' ').map((name) => [name, signature]);
}

/** Functions that are evaluated here, with the argument types of Prometheus 2.42 (`promql/parser/functions.go`). */
export const SIGNATURES: ReadonlyMap<string, Signature> = new Map([
  ...each(
    'abs ceil floor exp sqrt ln log2 log10 sgn rad deg sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh',
    returnsVector(VECTOR),
  ),
  ...each(
    'rate increase delta irate idelta deriv changes resets avg_over_time min_over_time max_over_time sum_over_time ' +
      'count_over_time last_over_time present_over_time stddev_over_time stdvar_over_time absent_over_time',
    returnsVector(RANGE),
  ),
  ...each('quantile_over_time', returnsVector('scalar', RANGE)),
  ...each('predict_linear', returnsVector(RANGE, 'scalar')),
  ...each('absent sort sort_desc timestamp', returnsVector(VECTOR)),
  ...each('clamp', returnsVector(VECTOR, 'scalar', 'scalar')),
  ...each('clamp_min clamp_max', returnsVector(VECTOR, 'scalar')),
  ...each('round', lastOptional(returnsVector(VECTOR, 'scalar'))),
  ...each(
    'minute hour day_of_week day_of_month day_of_year days_in_month month year',
    lastOptional(returnsVector(VECTOR)),
  ),
  ...each('histogram_quantile', returnsVector('scalar', VECTOR)),
  ...each('label_replace', returnsVector(VECTOR, 'string', 'string', 'string', 'string')),
  ...each('label_join', {
    ...returnsVector(VECTOR, 'string', 'string', 'string'),
    optional: 1,
    repeats: true,
  }),
  ...each('vector', returnsVector('scalar')),
  ...each('scalar', returnsScalar(VECTOR)),
  ...each('time pi', returnsScalar()),
]);

/** Functions whose answer depends on the evaluation time itself, so that `@` in their arguments does not fix it. */
export const TIME_DEPENDENT: ReadonlySet<string> = new Set(
  'minute hour day_of_week day_of_month day_of_year days_in_month month year predict_linear time timestamp'.split(
    ' ',
  ),
);
