/** A value that stands for `count` equal ones, such as a log line that averages ten steps. */
export interface Weighted {
  readonly value: number;
  readonly count: number;
}

/**
 * Quantile of a weighted sample, each value standing `count` times (a positive integer), with linear interpolation
 * between the closest ranks (Hyndman and Fan's type 7, the default of NumPy and of PromQL's `quantile`).
 * Returns undefined for an empty sample: there is no number to give.
 */
export function quantile(sample: readonly Weighted[], q: number): number | undefined {
  const values = new Float64Array(sample.length);
  const counts = new Float64Array(sample.length);
  for (const [index, { value, count }] of sample.entries()) {
    values[index] = value;
    counts[index] = count;
  }
  return quantileOf(values, counts, q);
}

/** The same of a sample in columns, which are sorted in place where that can be. */
export function quantileOf(values: Float64Array, counts: Float64Array, q: number): number | undefined {
  const each = counts[0] ?? 0;
  if (each > 0 && counts.every((count) => count === each)) {
    const sorted = values.sort();
    return between(sorted.length * each, q, (rank) => sorted[Math.floor(rank / each)] ?? Number.NaN);
  }
  const sorted = [...values].map((value, index) => ({ value, count: counts[index] ?? 0 }));
  const told = sorted.filter(({ count }) => count > 0).sort((a, b) => a.value - b.value);
  const total = told.reduce((sum, { count }) => sum + count, 0);
  return between(total, q, (rank) => valueAtRank(told, rank));
}

function between(total: number, q: number, valueAt: (rank: number) => number): number | undefined {
  if (total === 0) return undefined;
  const position = q * (total - 1);
  const below = valueAt(Math.floor(position));
  const above = valueAt(Math.ceil(position));
  return below + (above - below) * (position - Math.floor(position));
}

export function median(sample: readonly Weighted[]): number | undefined {
  return quantile(sample, 0.5);
}

function valueAtRank(sorted: readonly Weighted[], rank: number): number {
  let seen = 0;
  let value = Number.NaN;
  for (const item of sorted) {
    value = item.value;
    seen += item.count;
    if (seen > rank) break;
  }
  return value;
}
