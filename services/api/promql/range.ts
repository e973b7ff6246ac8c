import type { RangeSelector, Subquery } from './ast.ts';
import { limitPassed } from './errors.ts';
import { type Grid, stepsOf } from './grid.ts';
import { type Labels, NO_LABELS } from './labels.ts';
import { compile, type Plan, type PlanContext, pinned, read } from './plan.ts';
import type { SeriesData } from './series-source.ts';
import { WindowCursor } from './window.ts';

export interface RangePlan {
  readonly cursors: readonly WindowCursor[];
  /** The window that belongs to an evaluation time, both ends inclusive. */
  windowOf(time_ms: number): { readonly start_ms: number; readonly end_ms: number };
}

export async function compileRange(expr: RangeSelector | Subquery, context: PlanContext): Promise<RangePlan> {
  const { offset_ms, pin } = expr.kind === 'subquery' ? expr : expr.selector;
  const fixed = pinned(pin, context);
  const { window_ms } = expr;
  const windowOf = (time_ms: number) => {
    const end_ms = (fixed ?? time_ms) - offset_ms;
    return { start_ms: end_ms - window_ms, end_ms };
  };
  const from_ms = windowOf(context.grid.start_ms).start_ms;
  const to_ms = windowOf(context.grid.end_ms).end_ms;
  const data =
    expr.kind === 'subquery'
      ? await evaluateSubquery(expr, from_ms, to_ms, context)
      : await read(expr.selector, from_ms, to_ms, context, null);
  return { cursors: data.map((series) => new WindowCursor(series)), windowOf };
}

/** Steps of a subquery are multiples of its step, whatever the query's own times are. */
async function evaluateSubquery(
  { expr, step_ms }: Subquery,
  from_ms: number,
  to_ms: number,
  context: PlanContext,
): Promise<SeriesData[]> {
  const step = step_ms ?? context.config.subquery_step_s * 1000;
  const aligned = step * Math.trunc(from_ms / step);
  const grid = { start_ms: aligned < from_ms ? aligned + step : aligned, end_ms: to_ms, step_ms: step };
  const { samples_max } = context.config;
  if (stepsOf(grid) > samples_max) {
    throw limitPassed('samples_max', samples_max, `subquery of ${stepsOf(grid)} steps`);
  }
  const inner = { ...context, grid };
  const collected = await collect(await compile(expr, inner), inner, samples_max);
  return collected.map(({ labels, ts_ms, values }) => ({ labels, ts_ms, values, ends: null }));
}

export interface CollectedSeries {
  readonly labels: Labels;
  readonly ts_ms: number[];
  readonly values: number[];
}

/** Runs a plan over its grid and gathers the results by series; a scalar is one series without labels. */
export async function collect(
  plan: Plan,
  context: PlanContext,
  points_max: number,
): Promise<CollectedSeries[]> {
  const { grid, budget } = context;
  const series = new Map<string, CollectedSeries>();
  let points = 0;
  for (const time_ms of timesOf(grid)) {
    await budget.step();
    const vector =
      plan.type === 'vector' ? plan.at(time_ms) : [{ labels: NO_LABELS, value: plan.at(time_ms) }];
    points += vector.length;
    if (points > points_max)
      throw limitPassed('result_points_max', points_max, 'the answer would hold too many points');
    for (const { labels, value } of vector) {
      let own = series.get(labels.key);
      if (own === undefined) {
        own = { labels, ts_ms: [], values: [] };
        series.set(labels.key, own);
      }
      own.ts_ms.push(time_ms);
      own.values.push(value);
    }
  }
  return [...series.values()];
}

function* timesOf({ start_ms, end_ms, step_ms }: Grid): Generator<number> {
  for (let time_ms = start_ms; time_ms <= end_ms; time_ms += step_ms) yield time_ms;
}
