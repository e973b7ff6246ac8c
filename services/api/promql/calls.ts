import type { Call, Expr, Matcher, RangeSelector, Subquery } from './ast.ts';
import { createHistogramQuantile } from './histogram-quantile.ts';
import { labelJoin, labelReplace } from './label-functions.ts';
import { type Labels, labelsOf, METRIC_NAME, memo, NO_LABELS, withoutName } from './labels.ts';
import {
  compileScalar,
  compileVector,
  type Plan,
  type PlanContext,
  scalarPlan,
  selectorCursors,
  vectorPlan,
} from './plan.ts';
import { compileRange } from './range.ts';
import { compareNanFirst, RANGE_FUNCTIONS, type RangeFunction } from './range-functions.ts';
import { DistinctSeries, distinct, type Sample, type Vector } from './sample.ts';
import { DATE_FUNCTIONS, SCALED_FUNCTIONS, VALUE_FUNCTIONS } from './value-functions.ts';

/** A call of a function, by the kind of function it is. */
export async function compileCall(call: Call, context: PlanContext): Promise<Plan> {
  const { name, args } = call;
  const range = RANGE_FUNCTIONS.get(name);
  if (range !== undefined) return compileRangeFunction(call, range, context);
  const mapped = VALUE_FUNCTIONS.get(name);
  if (mapped !== undefined) return mapping(await vectorOf(args[0], context), () => mapped);
  const scaled = SCALED_FUNCTIONS.get(name);
  if (scaled !== undefined) {
    const scalars = await Promise.all(args.slice(1).map((arg) => compileScalar(arg, context)));
    return mapping(await vectorOf(args[0], context), (time_ms) =>
      scaled(scalars.map((scalar) => scalar(time_ms))),
    );
  }
  const part = DATE_FUNCTIONS.get(name);
  if (part !== undefined) return compileDateFunction(args[0], part, context);
  return compileOther(call, context);
}

async function compileOther({ name, args }: Call, context: PlanContext): Promise<Plan> {
  const [first] = args;
  switch (name) {
    case 'time':
      return scalarPlan((time_ms) => time_ms / 1000);
    case 'pi':
      return scalarPlan(() => Math.PI);
    case 'vector': {
      const scalar = await scalarOf(first, context);
      return vectorPlan((time_ms) => [{ labels: NO_LABELS, value: scalar(time_ms) }]);
    }
    case 'scalar': {
      const vector = await vectorOf(first, context);
      return scalarPlan((time_ms) => {
        const samples = vector(time_ms);
        return samples.length === 1 ? (samples[0]?.value ?? Number.NaN) : Number.NaN;
      });
    }
    case 'sort':
    case 'sort_desc': {
      const vector = await vectorOf(first, context);
      return vectorPlan((time_ms) => sorted(vector(time_ms), name === 'sort_desc'));
    }
    case 'absent': {
      const labels = labelsOfAbsent(first);
      const vector = await vectorOf(first, context);
      return vectorPlan((time_ms) => (vector(time_ms).length > 0 ? [] : [{ labels, value: 1 }]));
    }
    case 'timestamp':
      return compileTimestamp(first, context);
    case 'histogram_quantile': {
      const [q, vector] = [await scalarOf(first, context), await vectorOf(args[1], context)];
      const quantile = createHistogramQuantile();
      return vectorPlan((time_ms) => distinct(quantile(q(time_ms), vector(time_ms))));
    }
    case 'label_replace':
      return relabelled(await vectorOf(first, context), labelReplace(texts(args), context.config));
    case 'label_join':
      return relabelled(await vectorOf(first, context), labelJoin(texts(args)));
    default:
      throw new Error(`function ${name} has a signature and no evaluation`);
  }
}

function vectorOf(arg: Expr | undefined, context: PlanContext): Promise<(time_ms: number) => Vector> {
  if (arg === undefined) throw new Error('the check of types lets no argument be missing');
  return compileVector(arg, context);
}

function scalarOf(arg: Expr | undefined, context: PlanContext): Promise<(time_ms: number) => number> {
  if (arg === undefined) throw new Error('the check of types lets no argument be missing');
  return compileScalar(arg, context);
}

function texts(args: readonly Expr[]): string[] {
  return args.slice(1).map((arg) => (arg.kind === 'string' ? arg.value : ''));
}

/** Values changed one by one; the name goes, because the values are no longer what it says. */
function mapping(
  vector: (time_ms: number) => Vector,
  functionAt: (time_ms: number) => ((value: number) => number) | null,
): Plan {
  const nameless = memo(withoutName);
  return vectorPlan((time_ms) => {
    const apply = functionAt(time_ms);
    if (apply === null) return [];
    return distinct(
      vector(time_ms).map(({ labels, value }) => ({ labels: nameless(labels), value: apply(value) })),
    );
  });
}

function relabelled(vector: (time_ms: number) => Vector, change: (labels: Labels) => Labels): Plan {
  const changed = memo(change);
  return vectorPlan((time_ms) =>
    distinct(vector(time_ms).map(({ labels, value }) => ({ labels: changed(labels), value }))),
  );
}

/** NaN last in both directions. */
function sorted(vector: Vector, descending: boolean): Vector {
  return [...vector].sort(({ value: a }, { value: b }) => {
    if (Number.isNaN(a) || Number.isNaN(b)) return compareNanFirst(b, a);
    return descending ? compareNanFirst(b, a) : compareNanFirst(a, b);
  });
}

async function compileDateFunction(
  arg: Expr | undefined,
  part: (date: Date) => number,
  context: PlanContext,
): Promise<Plan> {
  const partOf = (seconds: number): number => part(new Date(Math.trunc(seconds) * 1000));
  if (arg === undefined) {
    return vectorPlan((time_ms) => [{ labels: NO_LABELS, value: partOf(time_ms / 1000) }]);
  }
  return mapping(await compileVector(arg, context), () => partOf);
}

/** Of a selector: when its sample was taken. Of anything else: when it is evaluated. */
async function compileTimestamp(arg: Expr | undefined, context: PlanContext): Promise<Plan> {
  const nameless = memo(withoutName);
  if (arg?.kind !== 'selector') {
    const vector = await vectorOf(arg, context);
    return vectorPlan((time_ms) =>
      distinct(vector(time_ms).map(({ labels }) => ({ labels: nameless(labels), value: time_ms / 1000 }))),
    );
  }
  const { cursors, timeOf } = await selectorCursors(arg, context);
  return vectorPlan((time_ms) => {
    const vector: Sample[] = [];
    for (const cursor of cursors) {
      const index = cursor.at(timeOf(time_ms));
      if (index >= 0) vector.push({ labels: nameless(cursor.labels), value: cursor.time_ms(index) / 1000 });
    }
    return distinct(vector);
  });
}

async function compileRangeFunction(call: Call, apply: RangeFunction, context: PlanContext): Promise<Plan> {
  const { name, args } = call;
  const arg = args.find(
    (own): own is RangeSelector | Subquery => own.kind === 'range_selector' || own.kind === 'subquery',
  );
  if (arg === undefined) throw new Error('the check of types lets no range be missing');
  const other = args.find((own) => own !== arg);
  const parameter = other === undefined ? () => Number.NaN : await compileScalar(other, context);
  const { cursors, windowOf } = await compileRange(arg, context);
  const result = name === 'last_over_time' ? (labels: Labels) => labels : memo(withoutName);
  const series = new DistinctSeries();
  const present = (time_ms: number): Vector => {
    const { start_ms, end_ms } = windowOf(time_ms);
    const number = parameter(time_ms);
    const vector: Sample[] = [];
    for (const cursor of cursors) {
      const window = cursor.at(start_ms, end_ms);
      if (window.to === window.from) continue;
      const value = apply(window, number, time_ms);
      if (value === undefined) continue;
      vector.push({ labels: result(cursor.labels), value });
      if (name !== 'absent_over_time') series.check(result(cursor.labels), cursor.labels);
    }
    return vector;
  };
  if (name !== 'absent_over_time') return vectorPlan(present);
  const labels = labelsOfAbsent(arg.kind === 'range_selector' ? arg.selector : arg);
  return vectorPlan((time_ms) => (present(time_ms).length > 0 ? [] : [{ labels, value: 1 }]));
}

/** What an absent series would be called: the labels that are asked for by `=`, once each. */
function labelsOfAbsent(expr: Expr | undefined): Labels {
  if (expr?.kind !== 'selector') return NO_LABELS;
  const asked = expr.matchers.filter(({ name }) => name !== METRIC_NAME);
  const once = (matcher: Matcher): boolean =>
    matcher.operator === '=' && asked.filter(({ name }) => name === matcher.name).length === 1;
  return labelsOf(Object.fromEntries(asked.filter(once).map(({ name, value }) => [name, value])));
}
