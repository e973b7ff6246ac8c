import { createAggregate } from './aggregate.ts';
import { type Aggregation, type Binary, type Expr, isSetOperator, type Pin, type Selector } from './ast.ts';
import { createSetOperation, createVectorScalar, createVectorVector, scalarOperation } from './binary.ts';
import { compileCall } from './calls.ts';
import type { PromqlConfig } from './config.ts';
import { TIME_DEPENDENT } from './functions.ts';
import type { Grid, QueryBudget } from './grid.ts';
import { memo, withoutName } from './labels.ts';
import { DistinctSeries, distinct, type Sample, type Vector } from './sample.ts';
import type { SeriesData, SeriesSource } from './series-source.ts';
import { InstantCursor } from './window.ts';

/**
 * An expression made ready to be asked at times that never go back: its series are read, each node keeps its place in
 * them and what it worked out about their labels.
 */
export type Plan =
  | { readonly type: 'scalar'; at(time_ms: number): number }
  | { readonly type: 'vector'; at(time_ms: number): Vector };

export interface PlanContext {
  readonly source: SeriesSource;
  readonly config: PromqlConfig;
  readonly budget: QueryBudget;
  /** Ends of the whole query, for `@ start()` and `@ end()`. */
  readonly query: { readonly start_ms: number; readonly end_ms: number };
  /** The times this part of the query is evaluated at: its own inside a subquery. */
  readonly grid: Grid;
}

export async function compile(expr: Expr, context: PlanContext): Promise<Plan> {
  const plan = await compileNode(expr, context);
  return expr.kind !== 'number' && isPinned(expr) ? once(plan) : plan;
}

/** A plan that must be a vector, by the check of types. */
export async function compileVector(expr: Expr, context: PlanContext): Promise<(time_ms: number) => Vector> {
  const plan = await compile(expr, context);
  if (plan.type !== 'vector') throw new Error('a scalar where the check of types let only vectors pass');
  return (time_ms) => plan.at(time_ms);
}

export async function compileScalar(expr: Expr, context: PlanContext): Promise<(time_ms: number) => number> {
  const plan = await compile(expr, context);
  if (plan.type !== 'scalar') throw new Error('a vector where the check of types let only scalars pass');
  return (time_ms) => plan.at(time_ms);
}

export const vectorPlan = (at: (time_ms: number) => Vector): Plan => ({ type: 'vector', at });
export const scalarPlan = (at: (time_ms: number) => number): Plan => ({ type: 'scalar', at });

async function compileNode(expr: Expr, context: PlanContext): Promise<Plan> {
  switch (expr.kind) {
    case 'number':
      return scalarPlan(() => expr.value);
    case 'selector':
      return compileSelector(expr, context);
    case 'negation':
      return negated(await compile(expr.expr, context));
    case 'binary':
      return compileBinary(expr, context);
    case 'call':
      return compileCall(expr, context);
    case 'aggregation':
      return compileAggregation(expr, context);
    default:
      throw new Error(`${expr.kind} where the check of types let only vectors and scalars pass`);
  }
}

/** The time `@` fixes, or null. */
export function pinned(pin: Pin, { query }: PlanContext): number | null {
  if (pin === 'start') return query.start_ms;
  return pin === 'end' ? query.end_ms : pin;
}

/** `@` in every selector: the answer is the same at every step. */
function isPinned(expr: Expr): boolean {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return true;
    case 'selector':
    case 'subquery':
      return expr.pin !== null;
    case 'range_selector':
      return expr.selector.pin !== null;
    case 'negation':
      return isPinned(expr.expr);
    case 'binary':
      return isPinned(expr.left) && isPinned(expr.right);
    case 'aggregation':
      return isPinned(expr.expr) && (expr.parameter === null || isPinned(expr.parameter));
    case 'call':
      return !TIME_DEPENDENT.has(expr.name) && expr.args.every(isPinned);
  }
}

function once(plan: Plan): Plan {
  if (plan.type === 'scalar') {
    let value: number | undefined;
    return scalarPlan((time_ms) => (value ??= plan.at(time_ms)));
  }
  let vector: Vector | undefined;
  return vectorPlan((time_ms) => (vector ??= plan.at(time_ms)));
}

/** Reads the series of an instant selector and answers where each stands; `sample` tells what of it. */
export async function selectorCursors(
  selector: Selector,
  context: PlanContext,
): Promise<{ cursors: readonly InstantCursor[]; timeOf: (time_ms: number) => number }> {
  const { config, grid } = context;
  const pin = pinned(selector.pin, context);
  const lookback_ms = config.lookback_s * 1000;
  const from_ms = (pin ?? grid.start_ms) - selector.offset_ms;
  const to_ms = (pin ?? grid.end_ms) - selector.offset_ms;
  const data = await read(selector, from_ms - lookback_ms, to_ms, context, {
    origin_ms: from_ms,
    step_ms: grid.step_ms,
  });
  return {
    cursors: data.map((series) => new InstantCursor(series, lookback_ms)),
    timeOf: (time_ms) => (pin ?? time_ms) - selector.offset_ms,
  };
}

/** Series of a selector, charged to the query. */
export async function read(
  selector: Selector,
  from_ms: number,
  to_ms: number,
  { source, budget }: PlanContext,
  newest_per_step: { readonly origin_ms: number; readonly step_ms: number } | null,
): Promise<SeriesData[]> {
  await budget.step();
  const data = await source.select(selector.matchers, from_ms, to_ms, {
    newest_per_step,
    samples_max: budget.samples_left,
  });
  budget.takeSamples(data.reduce((sum, { ts_ms }) => sum + ts_ms.length, 0));
  await budget.step();
  return data;
}

async function compileSelector(selector: Selector, context: PlanContext): Promise<Plan> {
  const { cursors, timeOf } = await selectorCursors(selector, context);
  return vectorPlan((time_ms) => {
    const at_ms = timeOf(time_ms);
    const vector: Sample[] = [];
    for (const cursor of cursors) {
      const index = cursor.at(at_ms);
      if (index >= 0) vector.push({ labels: cursor.labels, value: cursor.value(index) });
    }
    return vector;
  });
}

function negated(plan: Plan): Plan {
  if (plan.type === 'scalar') return scalarPlan((time_ms) => -plan.at(time_ms));
  const nameless = memo(withoutName);
  const series = new DistinctSeries();
  return vectorPlan((time_ms) =>
    plan.at(time_ms).map(({ labels, value }) => {
      const result = nameless(labels);
      series.check(result, labels);
      return { labels: result, value: -value };
    }),
  );
}

async function compileBinary(
  { operator, left, right, bool, matching }: Binary,
  context: PlanContext,
): Promise<Plan> {
  const [first, second] = [await compile(left, context), await compile(right, context)];
  if (first.type === 'scalar' && second.type === 'scalar') {
    const apply = scalarOperation(operator);
    return scalarPlan((time_ms) => apply(first.at(time_ms), second.at(time_ms)));
  }
  if (first.type === 'vector' && second.type === 'vector') {
    if (isSetOperator(operator)) {
      const apply = createSetOperation(operator, matching);
      return vectorPlan((time_ms) => apply(first.at(time_ms), second.at(time_ms)));
    }
    const apply = createVectorVector(operator, bool, matching);
    return vectorPlan((time_ms) => distinct(apply(first.at(time_ms), second.at(time_ms))));
  }
  const [vector, scalar] = first.type === 'vector' ? [first, second] : [second, first];
  if (vector.type !== 'vector' || scalar.type !== 'scalar') throw new Error('unreachable: one of each');
  const apply = createVectorScalar({ operator, bool, swapped: first.type === 'scalar' });
  return vectorPlan((time_ms) => distinct(apply(vector.at(time_ms), scalar.at(time_ms))));
}

async function compileAggregation(expr: Aggregation, context: PlanContext): Promise<Plan> {
  const { name, parameter } = expr;
  const text = parameter?.kind === 'string' ? parameter.value : null;
  const aggregate = createAggregate(name, expr, text);
  const number =
    parameter === null || text !== null ? () => Number.NaN : await compileScalar(parameter, context);
  const vector = await compileVector(expr.expr, context);
  return vectorPlan((time_ms) => aggregate(vector(time_ms), number(time_ms)));
}
