import type { AggregationName } from './ast.ts';
import { executionFailed } from './errors.ts';
import { formatFloat } from './format.ts';
import { type Labels, METRIC_NAME, memo, NO_LABELS, only, withLabel, without } from './labels.ts';
import { compareNanFirst, quantileOf } from './range-functions.ts';
import type { Sample, Vector } from './sample.ts';

export interface Grouping {
  readonly without: boolean;
  readonly labels: readonly string[];
}

/** One aggregation over the steps of a query; remembers which group a series belongs to. */
export type Aggregate = (vector: Vector, parameter: number) => Vector;

/** `parameter` is the text of `count_values`; numbers come with each step. Throws `execution` for a bad one. */
export function createAggregate(
  name: AggregationName,
  grouping: Grouping,
  parameter: string | null,
): Aggregate {
  if (name === 'count_values') return countValues(grouping, parameter ?? '');
  const groupOf = memo(grouper(grouping));
  if (name === 'topk' || name === 'bottomk') {
    return (vector, k) => ranked(groups(vector, groupOf), countOf(k), name === 'topk');
  }
  return (vector, q) =>
    groups(vector, groupOf).map(({ labels, samples }) => ({ labels, value: reduce(name, samples, q) }));
}

interface Group {
  readonly labels: Labels;
  readonly samples: Sample[];
}

function grouper({ without: excluding, labels }: Grouping): (labels: Labels) => Labels {
  const canonical = new Map<string, Labels>();
  const names = new Set(excluding ? [...labels, METRIC_NAME] : labels);
  return (own) => {
    const group = excluding ? without(own, names) : names.size === 0 ? NO_LABELS : only(own, names);
    const known = canonical.get(group.key);
    if (known === undefined) canonical.set(group.key, group);
    return known ?? group;
  };
}

/** Groups in the order of their first samples. */
function groups(vector: Vector, groupOf: (labels: Labels) => Labels): Group[] {
  const found = new Map<Labels, Group>();
  for (const sample of vector) {
    const labels = groupOf(sample.labels);
    const group = found.get(labels);
    if (group === undefined) found.set(labels, { labels, samples: [sample] });
    else group.samples.push(sample);
  }
  return [...found.values()];
}

function reduce(name: AggregationName, samples: readonly Sample[], q: number): number {
  const first = samples[0]?.value ?? Number.NaN;
  switch (name) {
    case 'sum':
      return samples.reduce((sum, { value }) => sum + value, 0);
    case 'avg':
      return mean(samples);
    case 'min':
      return samples.reduce((best, { value }) => (best > value || Number.isNaN(best) ? value : best), first);
    case 'max':
      return samples.reduce((best, { value }) => (best < value || Number.isNaN(best) ? value : best), first);
    case 'count':
      return samples.length;
    case 'stdvar':
      return variance(samples);
    case 'stddev':
      return Math.sqrt(variance(samples));
    case 'quantile':
      return quantileOf(
        q,
        samples.map(({ value }) => value),
      );
    default:
      return 1;
  }
}

/** The running mean of Prometheus 2.42, which does not overflow; infinities stay what they are. */
function mean(samples: readonly Sample[]): number {
  let result = samples[0]?.value ?? Number.NaN;
  for (const [index, { value }] of samples.entries()) {
    if (index === 0) continue;
    const infinite = Math.abs(result) === Number.POSITIVE_INFINITY;
    if (infinite && (value === result || Number.isFinite(value))) continue;
    result += value / (index + 1) - result / (index + 1);
  }
  return result;
}

function variance(samples: readonly Sample[]): number {
  let average = samples[0]?.value ?? Number.NaN;
  let squares = 0;
  for (const [index, { value }] of samples.entries()) {
    if (index === 0) continue;
    const delta = value - average;
    average += delta / (index + 1);
    squares += delta * (value - average);
  }
  return squares / samples.length;
}

/** A count given as a number; Prometheus refuses what is no 64-bit integer, and takes less than 1 for nothing. */
function countOf(k: number): number {
  if (!(k > -9.223372036854776e18 && k < 9.223372036854776e18)) {
    throw executionFailed(`Scalar value ${formatFloat(k)} overflows int64`);
  }
  return Math.max(0, Math.trunc(k));
}

/** The first k by value, NaN last; of equal values the ones that come first. */
function ranked(found: readonly Group[], k: number, largest: boolean): Vector {
  return found.flatMap(({ samples }) =>
    [...samples]
      .sort(({ value: a }, { value: b }) => {
        if (Number.isNaN(a) || Number.isNaN(b)) return compareNanFirst(b, a);
        return largest ? b - a || 0 : a - b || 0;
      })
      .slice(0, k),
  );
}

function countValues(grouping: Grouping, label: string): Aggregate {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label)) {
    throw executionFailed(`invalid label name ${JSON.stringify(label)}`);
  }
  const wide = grouping.without ? grouping : { ...grouping, labels: [...grouping.labels, label] };
  const groupOf = grouper(wide);
  return (vector) => {
    const valued = vector.map(({ labels, value }) => ({
      labels: withLabel(labels, label, formatFloat(value)),
      value,
    }));
    return groups(valued, groupOf).map(({ labels, samples }) => ({ labels, value: samples.length }));
  };
}
