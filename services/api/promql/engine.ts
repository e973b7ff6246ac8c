import type { Clock } from '../../../platform/clock.ts';
import { type TurnLimit, Turns } from '../../../platform/turns.ts';
import type { Expr } from './ast.ts';
import { typeOf } from './check-types.ts';
import type { PromqlConfig } from './config.ts';
import { badData, PromError } from './errors.ts';
import { type Grid, QueryBudget } from './grid.ts';
import { compareLabels, type Labels } from './labels.ts';
import { parseQuery } from './parse.ts';
import { compile, type PlanContext } from './plan.ts';
import { collect, compileRange } from './range.ts';
import type { Vector } from './sample.ts';
import type { SeriesSource } from './series-source.ts';

export interface MatrixSeries {
  readonly labels: Labels;
  readonly ts_ms: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

/** An answer, as Prometheus types it. */
export type QueryResult =
  | { readonly type: 'scalar'; readonly time_ms: number; readonly value: number }
  | { readonly type: 'string'; readonly time_ms: number; readonly value: string }
  | { readonly type: 'vector'; readonly time_ms: number; readonly vector: Vector }
  | { readonly type: 'matrix'; readonly series: readonly MatrixSeries[] };

export interface EngineParts {
  readonly source: SeriesSource;
  readonly config: PromqlConfig;
  readonly clock: Clock;
}

export interface Engine {
  /** At one time. Throws `PromError`. */
  instant(text: string, time_ms: number, timeout_s?: number): Promise<QueryResult>;
  /** At every step from start to end, both inclusive. Throws `PromError`. */
  range(text: string, grid: Grid, timeout_s?: number): Promise<QueryResult>;
}

export function createEngine(parts: EngineParts): Engine {
  const { config } = parts;
  const turns = new Turns(config.concurrent_max);
  return {
    async instant(text, time_ms, timeout_s = config.timeout_s) {
      const expr = parseQuery(text, config);
      const context = contextOf(parts, { start_ms: time_ms, end_ms: time_ms, step_ms: 1 }, timeout_s);
      return turns.take(() => instantResult(expr, context), inQueue(context));
    },
    async range(text, grid, timeout_s = config.timeout_s) {
      const expr = parseQuery(text, config);
      const type = typeOf(expr);
      if (type !== 'scalar' && type !== 'instant vector') {
        throw badData(`invalid expression type "${type}" for range query, must be Scalar or instant Vector`);
      }
      const context = contextOf(parts, grid, timeout_s);
      return turns.take(() => rangeResult(expr, context), inQueue(context));
    },
  };
}

function inQueue({ budget }: PlanContext): TurnLimit {
  const wait_s = budget.timeout_s;
  const late = () =>
    new PromError(
      'timeout',
      `query timed out after ${wait_s} s in query queue (config promql.concurrent_max)`,
    );
  return { wait_s, late };
}

function contextOf({ source, config, clock }: EngineParts, grid: Grid, timeout_s: number): PlanContext {
  const budget = new QueryBudget(config, clock, Math.min(timeout_s, config.timeout_s));
  return { source, config, budget, grid, query: grid };
}

async function rangeResult(expr: Expr, context: PlanContext): Promise<QueryResult> {
  const series = await collect(await compile(expr, context), context, context.config.result_points_max);
  return { type: 'matrix', series: series.sort((a, b) => compareLabels(a.labels, b.labels)) };
}

async function instantResult(expr: Expr, context: PlanContext): Promise<QueryResult> {
  const time_ms = context.grid.start_ms;
  if (expr.kind === 'string') return { type: 'string', time_ms, value: expr.value };
  if (expr.kind === 'range_selector' || expr.kind === 'subquery') {
    const { cursors, windowOf } = await compileRange(expr, context);
    const { start_ms, end_ms } = windowOf(time_ms);
    const series = cursors.flatMap((cursor) => {
      const { ts_ms, values, from, to } = cursor.at(start_ms, end_ms);
      if (from === to) return [];
      const cut = (whole: ArrayLike<number>): number[] => Array.from(whole).slice(from, to);
      return [{ labels: cursor.labels, ts_ms: cut(ts_ms), values: cut(values) }];
    });
    return { type: 'matrix', series };
  }
  const plan = await compile(expr, context);
  await context.budget.step();
  if (plan.type === 'scalar') return { type: 'scalar', time_ms, value: plan.at(time_ms) };
  return { type: 'vector', time_ms, vector: plan.at(time_ms) };
}
